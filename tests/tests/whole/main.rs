//! The real loop with a real speaker, and the real program, over loopback: what only shows when all parts run together.

#[cfg(test)]
mod crowd;
#[cfg(test)]
mod fairness;
#[cfg(test)]
mod privileges;
#[cfg(test)]
mod program;
#[cfg(test)]
mod recording;
#[cfg(test)]
mod timing;
