//! `crier policies`.

use std::io::{self, Write};

use super::style::{Paint, Style};
use crate::control::rows::PolicyRow;
use crate::text::escape;

/// Each policy: its rules, and who uses it.
pub fn policies(policies: &[PolicyRow], style: Style, out: &mut impl Write) -> io::Result<()> {
    if policies.is_empty() {
        return writeln!(out, "no policies");
    }
    for policy in policies {
        let name = policy.name.as_deref().map_or("(no policy)".into(), escape);
        writeln!(out, "{}", style.paint(Paint::Title, &name))?;
        for (number, rule) in (1..).zip(&policy.rules) {
            writeln!(out, "  {number:>3}. {}", escape(rule))?;
        }
        let mut unused = true;
        for (what, users) in [("import from", &policy.import), ("export to", &policy.export)] {
            if !users.is_empty() {
                let users: Vec<String> = users.iter().map(ToString::to_string).collect();
                writeln!(out, "  {what} {}", users.join(", "))?;
                unused = false;
            }
        }
        if unused {
            writeln!(out, "  no neighbor uses it")?;
        }
    }
    Ok(())
}
