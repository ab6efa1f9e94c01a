//! Colours, where they are wanted.

use std::io::IsTerminal;

/// Whether output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    colour: bool,
}

/// What a piece of text says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// Nothing special.
    #[default]
    Plain,
    /// A title.
    Title,
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
}

impl Style {
    /// Without colours.
    pub const PLAIN: Self = Self { colour: false };
    /// With colours.
    pub const COLOUR: Self = Self { colour: true };

    /// Colours on a terminal that can show them, unless NO_COLOR is set and not empty.
    pub fn of_stdout() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self { colour: std::io::stdout().is_terminal() && !dumb && !set("NO_COLOR") }
    }

    /// `text` in the colour of `paint`.
    pub fn paint(self, paint: Paint, text: &str) -> String {
        let code = match paint {
            _ if !self.colour => return text.to_owned(),
            Paint::Plain => return text.to_owned(),
            Paint::Title => "1",
            Paint::Good => "32",
            Paint::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
