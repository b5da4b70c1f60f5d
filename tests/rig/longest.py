"""The files of tests that take longest, in each folder the longest first. They begin first: else one is left alone at the end."""

LONGEST = [
    *("e2e/test_killed_at_every_step_of_snapshot", "e2e/test_killed_at_every_step_of_live_change", "e2e/test_page_with_guests"),
    *("e2e/test_killed_at_every_step_of_delete", "e2e/test_deployment_scales", "e2e/test_libvirtd_killed_in_a_rollout"),
    *("e2e/test_qemu_and_libvirtd_die_between_steps", "e2e/test_snapshot_and_restore", "e2e/test_console_webrtc"),
    *("e2e/test_killed_at_every_step_of_change", "e2e/test_host_lacks_something", "e2e/test_maintenance_windows"),
    *("e2e/test_br01_a_snapshot_by_others_is_kept", "e2e/test_examples_run", "e2e/test_deployment_serves"),
    *("e2e/test_killed_at_every_step_of_rollout", "e2e/test_soak_finds_nothing", "e2e/test_deployment_bad_rollouts"),
    *("e2e/test_a_changed_seed", "e2e/test_killed_at_every_step_of_an_export", "e2e/test_snapshots_by_schedule"),
    *("kubernetes/test_disk_lies_on_one_host", "kubernetes/test_refused_by_the_model", "kubernetes/test_a_thousand_machines"),
    *("kubernetes/test_maintenance_windows", "kubernetes/test_crds_keep_every_field", "kubernetes/test_host_is_unreachable"),
    *("kubernetes/test_what_a_cluster_refuses_is_told", "kubernetes/test_host_says_what_is_on_it"),
    *("kubernetes/test_no_machine_is_made_a_second_time", "kubernetes/test_lease_takes_turns"),
    *("kubernetes/test_crds_take_what_the_models_take", "kubernetes/test_deployments", "kubernetes/test_rights_are_taken_away"),
    *("kubernetes/test_api_server_is_away", "kubernetes/test_migrate_refuses", "kubernetes/test_kinds_are_missing"),
    *("kubernetes/test_manifests_rights_suffice", "kubernetes/test_hosts_take_machines", "kubernetes/test_benchmark"),
    *("libvirt/test_cli_several_hosts", "libvirt/test_live_changes", "libvirt/test_shutdown_by_agent"),
    *("libvirt/test_several_hosts", "libvirt/test_deployment_survives_kills", "libvirt/test_benchmarks_json"),
    *("libvirt/test_soak_reports", "libvirt/test_benchmarks_programs", "libvirt/test_disks_over_several_hosts"),
    *("libvirt/test_probe_forward", "libvirt/test_benchmark_upload", "libvirt/test_guest_agents"),
    *("api/test_tls", "api/test_openapi_fuzz_by_role", "api/test_openapi_fuzz", "api/test_accounts_take_nothing_bad"),
    *("page/test_one_stream_for_all_tabs", "page/test_signing_in", "page/test_yaml_is_edited"),
]
