use std::collections::{BTreeMap, BTreeSet};

use seawall_decide::RuntimeResponse;
use seawall_model::Action;

use super::{Order, Response, Tools};
use crate::enforce::Enforcer;
use crate::node::host_network;

/// The container's network is cut until it is given back (`seawall guard --release`) or the container ends.
pub(super) struct CutNetwork;

impl Response for CutNetwork {
    fn name(&self) -> RuntimeResponse {
        RuntimeResponse::CutNetwork
    }

    fn action(&self) -> Action {
        Action::Quarantined
    }

    fn run(&self, order: &Order, tools: &Tools) -> Result<String, String> {
        let host = host_network();
        let mut groups: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for member in order.members.iter().filter(|member| member.group != 0) {
            let net = member.process.namespaces.network;
            groups.entry(member.group).or_default().extend((net != 0 && Some(net) != host).then_some(net));
        }
        if groups.is_empty() {
            return Err("no process of the container runs any more".to_owned());
        }
        let mut enforcer = Enforcer::for_quarantine(&tools.pins).map_err(|error| error.to_string())?;
        for (group, nets) in &groups {
            enforcer.cut(*group, nets).map_err(|error| error.to_string())?;
        }
        let name = order.container.name.as_deref().unwrap_or(order.container.short_id());
        Ok(format!("its network was cut; `seawall guard --release {name}` gives it back"))
    }
}
