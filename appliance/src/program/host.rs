//! The daemon's part in the event loop: requests, events, signals, reloads.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::PathBuf;

use crier_core::martian::why_martian;
use crier_core::{Event, Instant};
use crier_io_mio::kernel::Leave;
use crier_io_mio::{Chunk, Context, Fill, Host, Signal};

use super::{host_addresses, if_route, networks, words};
use ipnet::IpNet;

use crate::adoption::Adoption;
use crate::config::{self, HostFacts, Model, OnStop};
use crate::confine::Paths;
use crate::control::{self, Answer, KernelView, Stream};
use crate::daemon::{Daemon, Now};
use crate::keys::Keys;
use crate::reason;

/// What the loop calls.
#[derive(Debug)]
pub struct App {
    path: PathBuf,
    model: Model,
    daemon: Daemon,
    /// What it kept access to when it started.
    paths: Paths,
    /// What the next daemon is to know of the kernel's routes.
    pub(super) adoption: Option<Adoption>,
}

impl App {
    /// A host for one speaker that was configured from `model`, read from `path`, in a process that kept access to `paths`.
    pub fn new(
        path: PathBuf,
        model: Model,
        daemon: Daemon,
        paths: Paths,
        adoption: Option<Adoption>,
    ) -> Self {
        Self { path, model, daemon, paths, adoption }
    }

    /// Reads the configuration again and applies it whole, or not at all.
    fn reload(&mut self, context: &mut Context<'_, '_>) -> Result<String, String> {
        let addresses = host_addresses();
        let model = config::load(&self.path, &HostFacts { addresses: &addresses })
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            .map_err(|text| {
                text + &self.paths.beyond(&self.path).map(|why| format!("\n{why}")).unwrap_or_default()
            })?;
        let model = model.keeping_chosen_router_id(&self.model);
        if let Some(conflict) = config::reload_conflict(&self.model, &model) {
            return Err(conflict);
        }
        context.set_listeners(0, &model.listen).map_err(|error| {
            let given_up = error.cause.kind() == ErrorKind::PermissionDenied;
            error.to_string()
                + if given_up { ", which crier gave up when it had started: restart it" } else { "" }
        })?;
        let now = Now::new(context.now);
        let applied = match context.speakers.first_mut() {
            Some(speaker) => model.with_core_config(|config| speaker.configure(now.at, config)),
            None => return Err("there is no speaker".to_owned()),
        };
        let applied = match applied {
            Ok(applied) => applied,
            Err(error) => {
                // The former listeners were in force a moment ago; should they not come back, the next reload says so.
                if let Err(error) = context.set_listeners(0, &self.model.listen) {
                    log::error!("{error}");
                }
                return Err(reason::config_error(&error));
            }
        };
        let keys = Keys::read(&model, self.daemon.keys());
        context.set_keys(0, keys.ring(&model));
        let warnings = keys.warnings(&model).into_iter().map(|warning| warning.to_string());
        let files: BTreeSet<_> = model.passwords.iter().map(|password| password.path.as_path()).collect();
        let beyond = files.into_iter().filter_map(|file| self.paths.beyond(file));
        let warnings: Vec<String> = warnings.chain(beyond).collect();
        self.daemon.set_keys(keys);
        if let Some(speaker) = context.speakers.first_mut() {
            speaker.set_own_addresses(&addresses);
            self.daemon.need_routes(if_route(&model));
            self.daemon.configured(speaker, now, words(&model), networks(&model));
        }
        self.model = model;
        self.kernel_changed(context);
        let text = reason::applied(&applied);
        log::info!("{}: {text}", self.path.display());
        warnings.iter().for_each(|warning| log::warn!("{warning}"));
        let lines = warnings.iter().map(|warning| format!("\nwarning: {warning}"));
        Ok(lines.fold(text, |text, line| text + &line))
    }
}

impl Host for App {
    type Answer = Stream;

    fn request(&mut self, context: &mut Context<'_, '_>, line: &[u8]) -> Stream {
        let now = Now::new(context.now);
        let Some(speaker) = context.speakers.first_mut() else {
            return Stream::outcome(Err("there is no speaker".to_owned()));
        };
        match self.daemon.request(speaker, now, line) {
            Answer::Stream(stream) => stream,
            Answer::Reload => Stream::outcome(self.reload(context)),
        }
    }

    fn request_too_long(&mut self, limit: usize) -> Stream {
        Stream::outcome(Err(format!("the request is longer than {limit} bytes")))
    }

    fn fill(&mut self, context: &mut Context<'_, '_>, answer: &mut Stream, chunk: &mut Chunk<'_>) -> Fill {
        let now = Now::new(context.now);
        let Some(speaker) = context.speakers.first() else { return Fill::Done };
        let kernel = context.bridge().map(|bridge| -> &dyn KernelView { bridge });
        match answer.fill(&self.daemon, speaker, kernel, now, chunk) {
            control::Fill::More => Fill::More,
            control::Fill::Pending => Fill::Pending,
            control::Fill::Done => Fill::Done,
        }
    }

    fn event(&mut self, now: Instant, _instance: usize, event: &Event) {
        self.daemon.event(Now::new(now), event);
    }

    fn signal(&mut self, context: &mut Context<'_, '_>, signal: Signal) {
        let now = context.now;
        match signal {
            Signal::Hangup => {
                if let Err(problem) = self.reload(context) {
                    log::error!("not reloaded, the former configuration stays in force: {problem}");
                }
            }
            Signal::Terminate | Signal::Interrupt => {
                let preserve = signal == Signal::Terminate && self.model.on_stop == OnStop::Preserve;
                log::info!("{signal:?}: stopping");
                for speaker in context.speakers.iter_mut() {
                    if preserve {
                        speaker.stop_preserving(now, "");
                    } else {
                        speaker.stop(now, "");
                    }
                }
                context.leave_kernel(if preserve { Leave::Routes } else { Leave::Nothing });
                context.stop();
            }
        }
    }

    fn kernel_changed(&mut self, context: &mut Context<'_, '_>) {
        let Some(bridge) = context.bridge() else { return };
        super::keep(&mut self.adoption, Some(bridge));
        let may = |prefix: &IpNet| why_martian(prefix).is_none();
        let routes: Vec<_> = bridge.foreign_routes().filter(|route| may(&route.prefix)).collect();
        let policy_of = |origin| self.model.redistribute.iter().find(|it| it.origin == origin);
        let announced: Vec<_> =
            routes.iter().filter_map(|route| Some((route.prefix, policy_of(route.origin)?.policy))).collect();
        let now = Now::new(context.now);
        if let Some(speaker) = context.speakers.first_mut() {
            let present = routes.iter().map(|route| route.prefix);
            self.daemon.kernel_routes(speaker, now, present, announced);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.daemon.deadline()
    }

    fn timeout(&mut self, context: &mut Context<'_, '_>) {
        let now = Now::new(context.now);
        if let Some(speaker) = context.speakers.first_mut() {
            self.daemon.timeout(speaker, now);
        }
    }
}
