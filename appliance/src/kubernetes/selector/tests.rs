use super::*;
use crate::kubernetes::decode::decode;
use crate::kubernetes::yaml::documents;

fn selector(text: &str) -> Result<Selector, String> {
    let documents = documents(text).unwrap();
    decode(&documents[0], |_| {}).map_err(|malformed| malformed.text)
}

fn labels(list: &[(&str, &str)]) -> Labels {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn each_operator() {
    let web = labels(&[("app", "web"), ("tier", "")]);
    for (text, misses) in [
        ("{}", None),
        ("matchLabels: {app: web}", None),
        ("matchLabels: {app: web, tier: ''}", None),
        ("matchLabels: {app: db}", Some("app=db")),
        ("matchLabels: {app: web, zone: a}", Some("zone=a")),
        ("matchExpressions: [{key: app, operator: In, values: [db, web]}]", None),
        ("matchExpressions: [{key: app, operator: In, values: [db]}]", Some("app in (db)")),
        ("matchExpressions: [{key: zone, operator: In, values: [a]}]", Some("zone in (a)")),
        ("matchExpressions: [{key: app, operator: NotIn, values: [db]}]", None),
        ("matchExpressions: [{key: app, operator: NotIn, values: [db, web]}]", Some("app not in (db, web)")),
        // What is not there has none of the values.
        ("matchExpressions: [{key: zone, operator: NotIn, values: [a]}]", None),
        ("matchExpressions: [{key: tier, operator: Exists}]", None),
        ("matchExpressions: [{key: zone, operator: Exists}]", Some("zone")),
        ("matchExpressions: [{key: zone, operator: DoesNotExist}]", None),
        ("matchExpressions: [{key: app, operator: DoesNotExist}]", Some("!app")),
        ("{matchLabels: {app: web}, matchExpressions: [{key: tier, operator: DoesNotExist}]}", Some("!tier")),
    ] {
        let selector = selector(text).unwrap();
        let miss = selector.misses(|key| web.get(key).map(String::as_str)).map(|miss| miss.to_string());
        assert_eq!(miss.as_deref(), misses, "{text}");
        assert_eq!(selector.matches(&web), misses.is_none(), "{text}");
    }
}

#[test]
fn what_no_selector_says() {
    for (text, wanted) in [
        ("matchExpressions: [{key: a, operator: In}]", "matchExpressions[0]: In and NotIn need values"),
        (
            "matchExpressions: [{key: a, operator: Exists, values: [b]}]",
            "matchExpressions[0]: Exists and DoesNotExist have no values",
        ),
        (
            "matchExpressions: [{key: a, operator: Gt, values: ['1']}]",
            "matchExpressions[0].operator: found \"Gt\", allowed is In, NotIn, Exists, DoesNotExist",
        ),
        ("matchLabels: {enabled: true}", "matchLabels.enabled: found true, allowed is a string"),
    ] {
        assert_eq!(selector(text).unwrap_err(), wanted);
    }
}
