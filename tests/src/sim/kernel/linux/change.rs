//! Changes of routes and next-hop objects, and what goes with them, with a word or without.

use ipnet::IpNet;

use super::wire::ASKING;
use super::{Cause, Linux, is_ipv6, say};
use crate::sim::kernel::{Lead, Object};
use crate::sim::plan::KernelFault;

impl Linux {
    /// There is this route from now on.
    pub(super) fn set_route(&mut self, prefix: IpNet, lead: Lead, cause: Cause) -> Result<(), i32> {
        let next_hops = self.fib.next_hops(&lead);
        // IPv6 goes over IPv6 only (RFC 8950 is about the other way round).
        let is_other = |hop: &super::super::NextHop| is_ipv6(prefix) && hop.gateway.is_ipv4();
        if next_hops.is_empty() || next_hops.iter().any(is_other) {
            return Err(libc::EINVAL);
        }
        self.changed(say::route(cause, 0, prefix, &lead));
        self.fib.learn(self.now, prefix, lead);
        Ok(())
    }

    /// A route goes.
    pub(super) fn delete_route(&mut self, prefix: IpNet, cause: Cause) -> Result<(), i32> {
        let lead = self.fib.learned_at(prefix).ok_or(libc::ESRCH)?;
        let told = say::route_gone(cause, prefix, lead);
        self.fib.unlearn(prefix);
        self.judge_removal(prefix, cause);
        self.changed(told);
        Ok(())
    }

    /// There is this object from now on.
    pub(super) fn set_object(&mut self, id: u32, object: Object, cause: Cause) -> Result<(), i32> {
        let objects = self.fib.objects();
        let is_hop = |id: &u32| matches!(objects.get(id), Some(Object::Hop(_)));
        if let Object::Group(members) = &object {
            let twice = members
                .iter()
                .enumerate()
                .any(|(at, id)| members.iter().skip(at + 1).any(|other| other == id));
            if members.is_empty() || twice || !members.iter().all(is_hop) {
                return Err(libc::EINVAL);
            }
        }
        // One does not take the place of the other.
        if objects.get(&id).is_some_and(|before| is_group(before) != is_group(&object)) {
            return Err(libc::EINVAL);
        }
        self.changed(say::object(cause, 0, id, &object));
        self.fib.objects_mut().insert(id, object);
        Ok(())
    }

    /// An object goes, from the groups that it is in and with the routes that lead to it. An emptied group goes along.
    pub(super) fn delete_object(&mut self, id: u32, cause: Cause) -> Result<(), i32> {
        self.fib.objects_mut().remove(&id).ok_or(libc::ENOENT)?;
        self.changed(say::object_gone(cause, id));
        let groups: Vec<u32> = self
            .fib
            .objects()
            .iter()
            .filter(|(_, object)| has_member(object, id))
            .map(|(id, _)| *id)
            .collect();
        let mut empty = Vec::new();
        for group in groups {
            let Some(Object::Group(members)) = self.fib.objects_mut().get_mut(&group) else { continue };
            members.retain(|member| *member != id);
            if members.is_empty() {
                empty.push(group);
                continue;
            }
            let left = Object::Group(members.clone());
            self.changed(say::object(cause, 0, group, &left));
        }
        let lost: Vec<IpNet> = self
            .fib
            .learned()
            .filter(|route| *route.lead == Lead::Object(id))
            .map(|route| route.prefix)
            .collect();
        for prefix in lost {
            self.fib.unlearn(prefix);
            self.judge_removal(prefix, cause);
            if is_ipv6(prefix) {
                // Nobody has asked for this, says the kernel.
                let cause = Cause { port: 0, sequence: 0 };
                self.changed(say::route_gone(cause, prefix, &Lead::Object(id)));
            }
        }
        empty.into_iter().try_for_each(|group| self.delete_object(group, cause))
    }

    /// A route has gone, by itself or with an object.
    fn judge_removal(&mut self, prefix: IpNet, cause: Cause) {
        if self.is_starting() && self.left.contains(&prefix) && cause.port == ASKING {
            self.removed_early.get_or_insert(prefix);
        }
    }

    /// Somebody else has removed a route of their own.
    pub(super) fn remove_foreign(&mut self) {
        self.changed(say::foreign_gone(Cause::FOREIGN));
    }

    /// Notes a change, and says so to who listens.
    fn changed(&mut self, told: Vec<u8>) {
        self.changes += 1;
        if self.fault == Some(KernelFault::Overrun) {
            self.overrun = true;
        } else {
            self.notifications.push_back(told);
        }
    }
}

const fn is_group(object: &Object) -> bool {
    matches!(object, Object::Group(_))
}

fn has_member(object: &Object, id: u32) -> bool {
    matches!(object, Object::Group(members) if members.contains(&id))
}
