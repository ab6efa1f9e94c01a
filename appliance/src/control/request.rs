//! Requests as lines.

use serde_json::Value;

use super::protocol::{Command, MAX_REQUEST, Request, VERSION};

/// Every command of this version, for the error that names them.
const COMMANDS: [&str; 14] = [
    "peers", "routes", "why", "policies", "status", "events", "reload", "clear", "shutdown", "enable",
    "drain", "undrain", "announce", "withdraw",
];

impl Request {
    /// Reads a line, with or without its newline. The error is one sentence for the client.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        if line.len() > MAX_REQUEST {
            return Err(format!("a request of {} bytes is too long; {MAX_REQUEST} are allowed", line.len()));
        }
        let value: Value =
            serde_json::from_slice(line).map_err(|error| format!("the request is not JSON: {error}"))?;
        let Value::Object(mut object) = value else {
            return Err(r#"the request is not a JSON object like {"version":1,"command":"peers"}"#.to_owned());
        };
        match object.remove("version") {
            Some(Value::Number(number)) if number.as_u64() == Some(VERSION) => {}
            Some(other) => {
                return Err(format!(
                    "version {other} of the control protocol is not supported by this version: crier {} speaks {VERSION}",
                    env!("CARGO_PKG_VERSION")
                ));
            }
            None => return Err(format!("the request has no version; this daemon speaks {VERSION}")),
        }
        let instance = match object.remove("instance") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name),
            Some(other) => return Err(format!("instance is {other}; it must be a string")),
        };
        match object.get("command") {
            Some(Value::String(name)) if COMMANDS.contains(&name.as_str()) => {}
            Some(Value::String(name)) => {
                return Err(format!(
                    "command {name:?} is not supported by this version (crier {}): it knows {}",
                    env!("CARGO_PKG_VERSION"),
                    COMMANDS.join(", ")
                ));
            }
            _ => return Err("the request has no command".to_owned()),
        }
        let command: Command =
            serde_json::from_value(Value::Object(object)).map_err(|error| error.to_string())?;
        Ok(Self { instance, command })
    }

    /// The line for it, newline included.
    pub fn to_line(&self) -> Result<Vec<u8>, String> {
        let Value::Object(mut object) =
            serde_json::to_value(&self.command).map_err(|error| error.to_string())?
        else {
            return Err("a command must be an object".to_owned());
        };
        object.insert("version".to_owned(), VERSION.into());
        if let Some(instance) = &self.instance {
            object.insert("instance".to_owned(), instance.as_str().into());
        }
        let mut line = serde_json::to_vec(&object).map_err(|error| error.to_string())?;
        line.push(b'\n');
        if line.len() > MAX_REQUEST {
            return Err(format!("the request has {} bytes; {MAX_REQUEST} are allowed", line.len()));
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::protocol::{Announce, Attributes, Form, Soft};
    use crier_core::Family;

    fn refused(line: &[u8]) -> String {
        let error = Request::parse(line).unwrap_err();
        assert!(!error.contains('\n'), "{error:?}");
        error
    }

    #[test]
    fn every_command_survives_the_line() {
        let prefix = "10.1.0.0/16".parse().unwrap();
        let peer: std::net::IpAddr = "2001:db8::1".parse().unwrap();
        let attributes = Attributes { med: Some(7), communities: vec![1, 2], ..Attributes::default() };
        let announce = Announce { prefix, attributes, ttl_ms: Some(1), owner: Some("me".to_owned()) };
        for command in [
            Command::Peers { peer: None },
            Command::Peers { peer: Some(peer) },
            Command::Routes {
                form: Form::Advertised,
                family: Some(Family::Ipv6Unicast),
                peer: Some(peer),
                prefix: Some("10.0.0.1".parse().unwrap()),
            },
            Command::Why { prefix: "10.1.0.0/16".parse().unwrap(), peer: None },
            Command::Policies { peer: None },
            Command::Status {},
            Command::Events { follow: true },
            Command::Reload {},
            Command::Clear { peer, soft: Some(Soft::In) },
            Command::Shutdown { peer, message: "a \"b\"\n".to_owned() },
            Command::Enable { peer },
            Command::Drain { wait_ms: 30_000 },
            Command::Undrain {},
            Command::Announce(announce),
            Command::Withdraw { prefix, owner: None },
        ] {
            let request = Request { instance: Some("default".to_owned()), command };
            let line = request.to_line().unwrap();
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert_eq!(Request::parse(&line), Ok(request));
        }
    }

    #[test]
    fn garbage_is_answered_with_one_sentence() {
        assert!(refused(b"").contains("not JSON"));
        assert!(refused(b"GET / HTTP/1.1\r\n").contains("not JSON"));
        assert!(refused(b"\xff\xfe\x00").contains("not JSON"));
        assert!(refused(b"[1,2]").contains("not a JSON object"));
        assert!(refused("[".repeat(10_000).as_bytes()).contains("not JSON"));
        assert!(refused(&vec![b' '; MAX_REQUEST + 1]).contains("too long"));
    }

    #[test]
    fn another_version_is_refused_and_says_which_is_spoken() {
        let error = refused(br#"{"version":2,"command":"peers"}"#);
        assert!(error.contains("version 2") && error.contains("speaks 1"), "{error}");
        assert!(refused(br#"{"command":"peers"}"#).contains("no version"));
        assert!(refused(br#"{"version":"1","command":"peers"}"#).contains("not supported"));
    }

    #[test]
    fn unknown_commands_and_keys_are_named() {
        let error = refused(br#"{"version":1,"command":"teleport"}"#);
        assert!(error.contains("\"teleport\"") && error.contains("routes"), "{error}");
        assert!(refused(br#"{"version":1,"command":"peers","color":1}"#).contains("color"));
        assert!(refused(br#"{"version":1,"command":"status","verbose":true}"#).contains("verbose"));
        assert!(refused(br#"{"version":1,"command":"clear"}"#).contains("peer"));
        assert!(refused(br#"{"version":1,"command":"why","prefix":"10.0.0.1/8"}"#).contains("10.0.0.0/8"));
        assert!(
            refused(br#"{"version":1,"command":"announce","prefix":"10.0.0.0/8","attributes":{"mde":1}}"#)
                .contains("mde")
        );
        assert!(refused(br#"{"version":1}"#).contains("no command"));
        assert!(refused(br#"{"version":1,"command":"peers","instance":7}"#).contains("instance"));
    }
}
