//! Tables that a later version gives a meaning: their keys are known, so that a typing error is named as one.

use super::reader::{Section, UNSUPPORTED};

const KUBERNETES: &[&str] = &[
    "node",
    "manifests",
    "api-server",
    "ca-file",
    "token-file",
    "kubeconfig",
    "in-cluster",
    "import",
    "secrets-namespace",
    "drain-on",
    "lb-ipam",
    "resources",
    "poll-interval",
    "status-report",
    "require-ready-endpoint",
    "pod-cidrs-from",
];

pub(super) fn refuse_reserved(root: &mut Section<'_, '_>) {
    for (table, keys) in [("kubernetes", KUBERNETES)] {
        let Some(value) = root.get(table) else { continue };
        let Some(mut section) = value.table() else { continue };
        value.error(UNSUPPORTED);
        for key in keys {
            section.get(key);
        }
        section.finish();
    }
}
