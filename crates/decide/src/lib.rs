//! The policy bundle and its evaluation: facts become a [`seawall_model::Verdict`], with the reason for every rule that
//! spoke.
//!
//! A bundle is YAML with conditions in CEL. Everything in it is checked when it is loaded; a condition that fails while it
//! is evaluated speaks with its rule's own outcome and says why. Nothing here does I/O, reads the clock or allows on error.
//!
//! ```
//! use seawall_decide::Bundle;
//! let text = "
//! apiVersion: seawall/v1
//! name: production
//! rules:
//!   - id: no-critical
//!     on: finding
//!     when: finding.severity >= severity('high') && finding.fix.availble
//!     outcome: deny
//! ";
//! let error = Bundle::load("policy.yaml", text).unwrap_err();
//! assert!(error.to_string().starts_with("policy.yaml:7:63: fix has no field `availble`"));
//! assert_eq!(error.diagnostics[0].hint.as_deref(), Some("did you mean `available`?"));
//! ```
#![forbid(unsafe_code)]

mod bundle;
mod cases;
mod cel;
mod decide;
mod diagnostic;
mod facts;
mod glob;
mod licence;
mod purl;
mod reader;
mod reference;
mod schema;
mod suggest;
mod template;
mod vex;
mod yaml;

pub use bundle::{
    AddressRange, Bundle, ContainerSelector, FileAccess, FileRule, NetworkProtocol, NetworkRule, PathPart, PathPattern,
    ProgramRule, ResponsePolicy, RuntimeDenial, RuntimeMode, RuntimePolicy, RuntimeResponse,
};
pub use cases::{CaseFile, CaseResult, run_cases};
pub use decide::Decision;
pub use diagnostic::{Diagnostic, PolicyError};
pub use facts::Facts;
pub use purl::purl_matches;
pub use reference::reference;
pub use suggest::closest;
pub use vex::apply_vex;
