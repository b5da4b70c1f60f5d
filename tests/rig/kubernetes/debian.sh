# For the builds beside it, which source it: packages and sources of Debian, unpacked into $build and installed nowhere.

# private_apt SUITE: an apt of its own, on that suite's packages and sources, from the mirror that the system uses.
private_apt() {
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    first_mirror() {
        apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
            awk '{print ($1 == "bookworm" ? 0 : 1), $2}' | sort | awk 'NR == 1 {print $2}'
    }
    mirror=$(first_mirror)
    if [ -z "$mirror" ]; then
        apt-get update -q
        mirror=$(first_mirror)
    fi
    [ -n "$mirror" ] || fail 'apt knows no Debian mirror'
    mkdir -p "$build"/apt/{lists/partial,cache/archives/partial,etc}
    printf "%s [signed-by=$keys] $mirror $1 main\n" deb deb-src >"$build/apt/sources.list"
    : >"$build/apt/status"
    apt=(apt-get -qq -oDir::Etc::SourceList="$build/apt/sources.list" -oDir::Etc::SourceParts=/nonexistent
        -oDir::Etc::Preferences=/nonexistent -oDir::Etc::PreferencesParts="$build/apt/etc" -oDir::State::Lists="$build/apt/lists"
        -oDir::Cache="$build/apt/cache" -oDir::State::status="$build/apt/status" -oAPT::Sandbox::User=root -oAcquire::Retries=3)
    "${apt[@]}" update
}

# unpack TARGET PACKAGE...
unpack() {
    local target=$1 package
    shift
    mkdir -p "$build/debs" "$target"
    (cd "$build/debs" && "${apt[@]}" download "$@")
    for package in "$@"; do
        dpkg -x "$build"/debs/"${package}"_*.deb "$target"
    done
}
