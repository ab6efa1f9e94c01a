//! `crier why`.

use std::io::{self, Write};

use super::style::{Paint, Style};
use crate::control::rows::{RouteRow, WhyRow};
use crate::reason;
use crate::text::{escape, short_span};

/// Each step, under a title for each kind of them.
pub fn why(steps: &[WhyRow], style: Style, out: &mut impl Write) -> io::Result<()> {
    let mut last = "";
    for step in steps {
        let title = match step {
            WhyRow::Path { .. } => "Paths",
            WhyRow::Refused { .. } => "Refused",
            WhyRow::Kernel { .. } => "Kernel",
            WhyRow::Announcement { .. } => "Announcements",
        };
        if title != last {
            let prefix = match step {
                WhyRow::Path { route, .. } => route.prefix,
                WhyRow::Refused { prefix, .. }
                | WhyRow::Kernel { prefix, .. }
                | WhyRow::Announcement { prefix, .. } => *prefix,
            };
            let text = if last.is_empty() { format!("{title} of {prefix}") } else { title.to_owned() };
            writeln!(out, "{}", style.paint(Paint::Title, &text))?;
            last = title;
        }
        match step {
            WhyRow::Path { route, why, .. } => {
                let paint = if route.best { Paint::Good } else { Paint::Plain };
                let from =
                    route.peer.map_or_else(|| "originated here".to_owned(), |peer| format!("from {peer}"));
                writeln!(out, "  {}: {}", from, style.paint(paint, &escape(why)))?;
                writeln!(out, "    {}", attributes(route))?;
            }
            WhyRow::Refused { peer, why, prefix, .. } => {
                let from = peer.map_or_else(|| "a neighbor that is gone".to_owned(), |peer| peer.to_string());
                writeln!(out, "  {prefix} from {from}: {}", style.paint(Paint::Bad, &escape(why)))?;
            }
            WhyRow::Kernel { installed, why, reason, .. } => {
                let paint = match reason.as_deref() {
                    None if *installed => Paint::Good,
                    Some("refused" | "no-room" | reason::UNREACHABLE) => Paint::Bad,
                    _ => Paint::Plain,
                };
                writeln!(out, "  {}", style.paint(paint, &escape(why)))?;
            }
            WhyRow::Announcement { peer, why, announced, .. } => {
                let paint = if *announced { Paint::Good } else { Paint::Plain };
                writeln!(out, "  to {peer}: {}", style.paint(paint, &escape(why)))?;
            }
        }
    }
    Ok(())
}

fn attributes(route: &RouteRow) -> String {
    let mut words = Vec::new();
    words.extend(route.next_hop.map(|next_hop| format!("next hop {next_hop}")));
    words
        .extend(route.as_path.as_ref().filter(|path| !path.is_empty()).map(|path| format!("AS path {path}")));
    words.extend(route.origin.as_ref().map(|origin| format!("origin {origin}")));
    words.extend(route.local_pref.map(|pref| format!("local-pref {pref}")));
    words.extend(route.med.map(|med| format!("MED {med}")));
    for (name, list) in [
        ("communities", route.communities.join(" ")),
        ("large communities", route.large_communities.join(" ")),
    ] {
        if !list.is_empty() {
            words.push(format!("{name} {list}"));
        }
    }
    words.extend(route.age_s.map(|age| format!("{} old", short_span(age))));
    words.join(", ")
}
