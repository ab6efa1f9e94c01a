//! Addresses of Services.

use super::{Cluster, advertisement, cluster};

const ALL: &str = "{advertisementType: Service, service: {addresses: [LoadBalancerIP, ExternalIP, ClusterIP]}, selector: {}}";

/// A Service of this `spec` and these addresses of a load balancer, in `default/web`, labelled `app: web`.
fn service(spec: &str, ingress: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: web, labels: {{app: web}}}}\nspec: {{{spec}}}\n\
         status: {{loadBalancer: {{ingress: [{ingress}]}}}}\n---\n"
    )
}

/// Endpoints of `web`: of a family, on nodes, with conditions.
fn endpoints(name: &str, family: &str, endpoints: &[(&str, &str)]) -> String {
    let one = |(node, conditions): &(&str, &str)| {
        format!("{{nodeName: {node}, addresses: [x], conditions: {{{conditions}}}}}")
    };
    let list: Vec<_> = endpoints.iter().map(one).collect();
    format!(
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
         metadata: {{name: {name}, labels: {{kubernetes.io/service-name: web}}}}\n\
         addressType: {family}\nendpoints: [{}]\n---\n",
        list.join(", ")
    )
}

fn with(entry: &str, text: &str) -> Cluster {
    cluster(&(advertisement("services", entry) + text))
}

#[test]
fn addresses_by_type_and_class() {
    let balanced = "{ip: 172.16.1.1}, {ip: 'fd00:16::1'}";
    for (spec, ingress, wanted) in [
        ("type: LoadBalancer", balanced, &["172.16.1.1/32", "fd00:16::1/128"][..]),
        (
            "type: LoadBalancer, loadBalancerClass: io.cilium/bgp-control-plane",
            balanced,
            &["172.16.1.1/32", "fd00:16::1/128"],
        ),
        ("type: LoadBalancer, loadBalancerClass: example.com/other", balanced, &[]),
        ("type: ClusterIP", balanced, &[]),
        ("type: NodePort", balanced, &[]),
        ("type: LoadBalancer", "", &[]),
        ("type: LoadBalancer", "{hostname: lb.example.com}", &[]),
        (
            "type: LoadBalancer",
            "{ip: 172.16.1.1, ipMode: Proxy}, {ip: 172.16.1.2, ipMode: VIP}",
            &["172.16.1.2/32"],
        ),
        ("type: ClusterIP, externalIPs: [192.0.2.1, 'fd00::1']", "", &["192.0.2.1/32", "fd00::1/128"]),
        (
            "clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, 'fd00:96::1']",
            "",
            &["10.96.0.1/32", "fd00:96::1/128"],
        ),
        ("clusterIP: 10.96.0.1", "", &["10.96.0.1/32"]),
        ("clusterIP: None, clusterIPs: [None]", "", &[]),
        ("clusterIP: ''", "", &[]),
        (
            "type: LoadBalancer, clusterIP: 10.96.0.1, externalIPs: [192.0.2.1]",
            "{ip: 172.16.1.1}",
            &["10.96.0.1/32", "172.16.1.1/32", "192.0.2.1/32"],
        ),
    ] {
        assert_eq!(with(ALL, &service(spec, ingress)).routes(), wanted, "{spec} {ingress}");
    }
    // The label says as much as no address does.
    let headless =
        service("clusterIP: 10.96.0.1", "").replace("app: web", "service.kubernetes.io/headless: ''");
    assert_eq!(with(ALL, &headless).routes(), [""; 0]);
}

#[test]
fn only_the_kinds_of_addresses_that_are_asked_for() {
    let text =
        service("type: LoadBalancer, clusterIP: 10.96.0.1, externalIPs: [192.0.2.1]", "{ip: 172.16.1.1}");
    for (kind, wanted) in
        [("LoadBalancerIP", "172.16.1.1/32"), ("ExternalIP", "192.0.2.1/32"), ("ClusterIP", "10.96.0.1/32")]
    {
        let entry =
            format!("{{advertisementType: Service, service: {{addresses: [{kind}]}}, selector: {{}}}}");
        assert_eq!(with(&entry, &text).routes(), [wanted]);
    }
}

#[test]
fn services_that_are_selected() {
    let text = service("externalIPs: [192.0.2.1]", "");
    for (selector, wanted) in [
        ("selector: {}", true),
        ("selector: {matchLabels: {app: web}}", true),
        ("selector: {matchLabels: {app: db}}", false),
        (
            "selector: {matchLabels: {io.kubernetes.service.name: web, io.kubernetes.service.namespace: default}}",
            true,
        ),
        ("selector: {matchLabels: {io.kubernetes.service.namespace: kube-system}}", false),
        ("selector: {matchExpressions: [{key: app, operator: In, values: [web]}]}", true),
        // Nothing is selected by nothing.
        ("attributes: {}", false),
    ] {
        let entry =
            format!("{{advertisementType: Service, service: {{addresses: [ExternalIP]}}, {selector}}}");
        let wanted: &[&str] = if wanted { &["192.0.2.1/32"] } else { &[] };
        assert_eq!(with(&entry, &text).routes(), wanted, "{selector}");
    }
}

#[test]
fn local_traffic_needs_an_endpoint_here() {
    let local = "type: LoadBalancer, externalTrafficPolicy: Local";
    let text = |slices: &str| with(ALL, &(service(local, "{ip: 172.16.1.1}, {ip: 'fd00:16::1'}") + slices));
    let v4 = |list: &[(&str, &str)]| endpoints("web-4", "IPv4", list);
    for (conditions, announced) in [
        ("", true),
        ("ready: true", true),
        ("ready: true, terminating: true", true),
        ("ready: false", false),
        ("ready: false, serving: true, terminating: true", false),
        ("ready: null, serving: false", true),
    ] {
        let wanted: &[&str] = if announced { &["172.16.1.1/32"] } else { &[] };
        assert_eq!(text(&v4(&[("worker", conditions)])).routes(), wanted, "{conditions}");
        assert_eq!(text(&v4(&[("other", conditions)])).routes(), [""; 0], "{conditions}");
        assert_eq!(text(&v4(&[("other", ""), ("worker", conditions)])).routes(), wanted, "{conditions}");
    }
    // Each family has endpoints of its own.
    let both = v4(&[("other", "")]) + &endpoints("web-6", "IPv6", &[("worker", "")]);
    assert_eq!(text(&both).routes(), ["fd00:16::1/128"]);
    assert_eq!(text(&endpoints("web-n", "FQDN", &[("worker", "")])).routes(), [""; 0]);
    // Two slices are one Service's.
    let two = v4(&[("other", "")]) + &endpoints("web-5", "IPv4", &[("worker", "")]);
    assert_eq!(text(&two).routes(), ["172.16.1.1/32"]);
}

#[test]
fn each_policy_is_of_its_own_addresses() {
    let text = "clusterIP: 10.96.0.1, externalIPs: [192.0.2.1]";
    for (policies, wanted) in [
        ("", &["10.96.0.1/32", "192.0.2.1/32"][..]),
        ("internalTrafficPolicy: Local", &["192.0.2.1/32"]),
        ("externalTrafficPolicy: Local", &["10.96.0.1/32"]),
    ] {
        assert_eq!(with(ALL, &service(&format!("{text}, {policies}"), "")).routes(), wanted, "{policies}");
    }
}

#[test]
fn an_endpoint_anywhere_only_where_it_is_asked_for() {
    let text = |slices: &str, require| {
        with(ALL, &(service("externalIPs: [192.0.2.1]", "") + slices))
            .option(|options| options.require_ready_endpoint = require)
            .routes()
    };
    assert_eq!(text("", false), ["192.0.2.1/32"]);
    assert_eq!(text("", true), [""; 0]);
    assert_eq!(text(&endpoints("web-4", "IPv4", &[("other", "")]), true), ["192.0.2.1/32"]);
    assert_eq!(text(&endpoints("web-4", "IPv4", &[("other", "ready: false")]), true), [""; 0]);
}

#[test]
fn aggregates_go_with_the_last_that_they_stand_for() {
    let entry = "{advertisementType: Service, selector: {}, service: {addresses: [ExternalIP], \
                 aggregationLengthIPv4: 24, aggregationLengthIPv6: 64}}";
    let two = "externalIPs: [192.0.2.1, 192.0.2.200, 198.51.100.1, 'fd00::1', 'fd00:0:0:1::1']";
    assert_eq!(
        with(entry, &service(two, "")).routes(),
        ["192.0.2.0/24", "198.51.100.0/24", "fd00::/64", "fd00:0:0:1::/64"]
    );
    assert_eq!(with(entry, &service("externalIPs: [192.0.2.200]", "")).routes(), ["192.0.2.0/24"]);
    // Only some nodes have it: none may speak for the rest of the prefix.
    let local = service("externalIPs: [192.0.2.200], externalTrafficPolicy: Local", "");
    let here = local + &endpoints("web-4", "IPv4", &[("worker", "")]);
    assert_eq!(with(entry, &here).routes(), ["192.0.2.200/32"]);
}
