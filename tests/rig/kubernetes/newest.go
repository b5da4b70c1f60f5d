// As much of kube-apiserver as custom resources need, from the libraries that it is made of: see build-newest.
//
// It takes the flags that ControlPlane gives to a whole one. Users are those of the token file; only the group system:masters may
// do anything. Of the kinds of Kubernetes itself there are namespaces, and those in name only.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/spf13/pflag"
	noopoteltrace "go.opentelemetry.io/otel/trace/noop"

	extensions "k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	generatedopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/kubernetes/scheme"
	baseversion "k8s.io/component-base/version"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	made := options.NewCustomResourceDefinitionsServerOptions(os.Stdout, os.Stderr)
	recommended := made.RecommendedOptions
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	recommended.SecureServing.AddFlags(flags)
	recommended.Etcd.AddFlags(flags)
	tokens := flags.String("token-auth-file", "", "who may call")
	version := flags.Bool("version", false, "print the version and end")
	for _, name := range []string{
		"authorization-mode", "service-cluster-ip-range", "service-account-issuer", "service-account-signing-key-file",
		"service-account-key-file", "disable-admission-plugins",
	} {
		flags.String(name, "", "about what is not here: not looked at")
	}
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	if *version {
		fmt.Println("Kubernetes", baseversion.Get().GitVersion)
		return nil
	}

	// All of these ask another API server, or keep their settings in kinds that are not here.
	recommended.Authentication, recommended.Authorization = nil, nil
	recommended.CoreAPI, recommended.Admission = nil, nil
	recommended.Features.EnablePriorityAndFairness = false
	if err := made.Complete(); err != nil {
		return err
	}
	config := server.NewRecommendedConfig(extensions.Codecs)
	if err := made.ServerRunOptions.ApplyTo(&config.Config); err != nil {
		return err
	}
	if err := recommended.ApplyTo(config); err != nil {
		return err
	}
	if err := made.APIEnablement.ApplyTo(&config.Config, extensions.DefaultAPIResourceConfigSource(), extensions.Scheme); err != nil {
		return err
	}
	users, err := tokenfile.NewCSV(*tokens)
	if err != nil {
		return err
	}
	config.Authentication.Authenticator = group.NewAuthenticatedGroupAdder(bearertoken.New(authenticator.Token(users)))
	config.Authorization.Authorizer = authorizerfactory.NewPrivilegedGroups("system:masters")
	server.AuthorizeClientBearerToken(config.LoopbackClientConfig, &config.Authentication, &config.Authorization)
	definitions := openapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(generatedopenapi.GetOpenAPIDefinitions)
	namer := openapinamer.NewDefinitionNamer(extensions.Scheme, scheme.Scheme)
	config.OpenAPIConfig = server.DefaultOpenAPIConfig(definitions, namer)
	config.OpenAPIV3Config = server.DefaultOpenAPIV3Config(definitions, namer)

	whole := &extensions.Config{
		GenericConfig: config,
		ExtraConfig: extensions.ExtraConfig{
			CRDRESTOptionsGetter: options.NewCRDRESTOptionsGetter(
				*recommended.Etcd, config.ResourceTransformers, config.StorageObjectCountTracker),
			AuthResolverWrapper: webhook.NewDefaultAuthenticationInfoResolverWrapper(
				nil, nil, config.LoopbackClientConfig, noopoteltrace.NewTracerProvider()),
		},
	}
	completed := whole.Complete()
	completed.GenericConfig.EnableDiscovery = true // which is the aggregator's elsewhere
	serving, err := completed.New(server.NewEmptyDelegate())
	if err != nil {
		return err
	}
	spaces := &namespaces{made: map[string]bool{"default": true}}
	serving.GenericAPIServer.Handler.NonGoRestfulMux.Handle("/api/v1/namespaces", spaces)
	serving.GenericAPIServer.Handler.NonGoRestfulMux.HandlePrefix("/api/v1/namespaces/", spaces)
	return serving.GenericAPIServer.PrepareRun().RunWithContext(server.SetupSignalContext())
}

// namespaces can be made, looked at and taken away, which is what the tests do with theirs. Nothing is bound to them.
type namespaces struct {
	lock sync.Mutex
	made map[string]bool
}

func (n *namespaces) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	n.lock.Lock()
	defer n.lock.Unlock()
	name := strings.Trim(strings.TrimPrefix(request.URL.Path, "/api/v1/namespaces"), "/")
	if request.Method == http.MethodPost {
		var posted struct{ Metadata struct{ Name string } }
		body, _ := io.ReadAll(request.Body)
		if err := json.Unmarshal(body, &posted); err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		name = posted.Metadata.Name
		n.made[name] = true
	}
	if !n.made[name] {
		http.NotFound(answer, request)
		return
	}
	if request.Method == http.MethodDelete {
		delete(n.made, name)
	}
	answer.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(answer, `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": %q}}`, name)
}
