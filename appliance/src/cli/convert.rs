//! Words of the command line as values.

use std::net::IpAddr;

use super::Failed;
use crate::control::protocol::{Attributes, Command, Form, Target, parse_family};
use crate::text::{parse_community, parse_large_community};

/// The length of a lease in milliseconds: one that ends at once announces nothing.
pub(super) fn lease(text: &str) -> Result<u64, String> {
    match crate::text::parse_span(text)? {
        0 => Err("a lease lasts longer than that; leave --ttl out for one without end".to_owned()),
        span => Ok(span),
    }
}

/// `[available|advertised|received|best] [FAMILY] [PREFIX]`, each at most once.
pub(super) fn routes(words: &[String], peer: Option<IpAddr>) -> Result<Command, Failed> {
    let (mut form, mut family, mut prefix) = (None, None, None);
    for word in words {
        let again = if let Some(found) = form_of(word) {
            form.replace(found).is_some()
        } else if let Some(found) = parse_family(word) {
            family.replace(found).is_some()
        } else if word.contains(['.', ':', '/']) {
            prefix.replace(word.parse::<Target>().map_err(Failed::usage)?).is_some()
        } else {
            return Err(Failed::usage(format!(
                "{word:?} is no form (available, advertised, received, best), no family (ipv4-unicast, ipv6-unicast), \
                 no prefix and no address"
            )));
        };
        if again {
            return Err(Failed::usage(format!(
                "{word:?}: a form, a family and a prefix can be given once each"
            )));
        }
    }
    if let (Some(family), Some(prefix)) = (family, prefix)
        && family != prefix.family()
    {
        return Err(Failed::usage(format!("{prefix} is not {family}")));
    }
    Ok(Command::Routes { form: form.unwrap_or_default(), family, peer, prefix })
}

/// What `crier why` is asked about.
pub(super) fn target(text: &str) -> Result<Target, Failed> {
    text.parse().map_err(|error| {
        // A prefix begins with a digit or has a colon; what does not is the name of a service.
        let name = !text.contains(':') && text.starts_with(|c: char| c.is_ascii_alphabetic());
        if name {
            Failed::refused(format!(
                "{text:?}: services are not supported by this version; give a prefix or an address"
            ))
        } else {
            Failed::usage(error)
        }
    })
}

/// `next-hop=A med=N local-pref=N community=A:B large-community=A:B:C`; communities any number of times.
pub(super) fn attributes(words: &[String]) -> Result<Attributes, Failed> {
    let mut out = Attributes::default();
    for word in words {
        let Some((key, value)) = word.split_once('=') else {
            return Err(Failed::usage(format!("{word:?} is no attribute: write KEY=VALUE, like med=10")));
        };
        let again = match key {
            "next-hop" => out.next_hop.replace(parsed(key, value, "an address")?).is_some(),
            "med" => out.med.replace(parsed(key, value, "a number up to 4294967295")?).is_some(),
            "local-pref" => {
                out.local_pref.replace(parsed(key, value, "a number up to 4294967295")?).is_some()
            }
            "community" => {
                out.communities.push(parse_community(value).ok_or_else(|| {
                    wrong(key, value, "A:B with numbers up to 65535, or a name like no-export")
                })?);
                false
            }
            "large-community" => {
                let value = parse_large_community(value);
                out.large_communities
                    .push(value.ok_or_else(|| wrong(key, word, "A:B:C with numbers up to 4294967295"))?);
                false
            }
            _ => {
                return Err(Failed::usage(format!(
                    "{key:?} is no attribute: next-hop, med, local-pref, community and large-community are"
                )));
            }
        };
        if again {
            return Err(Failed::usage(format!("{key} is given twice")));
        }
    }
    Ok(out)
}

fn form_of(word: &str) -> Option<Form> {
    Some(match word {
        "available" => Form::Available,
        "advertised" => Form::Advertised,
        "received" => Form::Received,
        "best" => Form::Best,
        _ => return None,
    })
}

fn parsed<T: std::str::FromStr>(key: &str, value: &str, allowed: &str) -> Result<T, Failed> {
    value.parse().map_err(|_| wrong(key, value, allowed))
}

fn wrong(key: &str, value: &str, allowed: &str) -> Failed {
    Failed::usage(format!("{key}: found {value:?}, allowed is {allowed}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_core::Family;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn routes_takes_its_words_in_any_order() {
        let expected = Command::Routes {
            form: Form::Advertised,
            family: Some(Family::Ipv4Unicast),
            peer: None,
            prefix: "10.0.0.0/8".parse().ok(),
        };
        for text in ["advertised ipv4-unicast 10.0.0.0/8", "10.0.0.0/8 ipv4 advertised"] {
            assert_eq!(routes(&words(text), None).unwrap(), expected);
        }
        let nothing = Command::Routes { form: Form::Available, family: None, peer: None, prefix: None };
        assert_eq!(routes(&[], None).unwrap(), nothing);
    }

    #[test]
    fn routes_refuses_what_it_does_not_know() {
        for (text, says) in [
            ("bestest", "bestest"),
            ("best best", "once each"),
            ("10.0.0.1/8", "10.0.0.0/8"),
            ("ipv6-unicast 10.0.0.0/8", "not ipv6-unicast"),
            ("10.0.0.0/33", "10.0.0.0/33"),
        ] {
            let failed = routes(&words(text), None).unwrap_err();
            assert!(failed.code == super::super::USAGE && failed.text.contains(says), "{failed:?}");
        }
    }

    #[test]
    fn attributes_are_read() {
        let text = "next-hop=192.0.2.1 med=10 local-pref=0 community=65000:1 community=no-export large-community=1:2:3";
        let expected = Attributes {
            next_hop: "192.0.2.1".parse().ok(),
            med: Some(10),
            local_pref: Some(0),
            communities: vec![65000 << 16 | 1, 0xFFFF_FF01],
            large_communities: vec![[1, 2, 3]],
        };
        assert_eq!(attributes(&words(text)).unwrap(), expected);
        for wrong in
            ["med", "med=x", "med=1 med=2", "mde=1", "community=1", "large-community=1:2", "next-hop=here"]
        {
            assert_eq!(attributes(&words(wrong)).unwrap_err().code, super::super::USAGE, "{wrong}");
        }
    }

    #[test]
    fn a_service_is_for_a_later_version_and_nonsense_is_bad_usage() {
        assert_eq!(target("default/web").unwrap_err().code, super::super::FAILED);
        assert_eq!(target("10.0.0.0/99").unwrap_err().code, super::super::USAGE);
        assert_eq!(target("10.0.0.1").unwrap(), Target::Address([10, 0, 0, 1].into()));
    }
}
