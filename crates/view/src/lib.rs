//! The live view of a node: what is seen becomes a tree of containers and processes with alerts and rates, and the tree
//! becomes lines of a terminal of any size.
//!
//! Nothing here does I/O or reads the clock, and no character of a hostile name reaches the terminal as a command.
//!
//! ```
//! use seawall_view::{Key, Keys, View};
//! let mut view = View::new("node, tier observe");
//! assert!(view.snapshot().starts_with("alerts 0  lost 0  events 0 (0/s)"));
//! assert_eq!(Keys::default().feed(b"j\x1b[A"), [Key::Char('j'), Key::Up]);
//! assert!(view.press(Key::Char('q')));
//! ```
#![forbid(unsafe_code)]

mod data;
mod key;
mod paint;
mod screen;
mod text;
mod tree;
mod view;

pub use key::{Key, Keys};
pub use paint::Painter;
pub use screen::{Line, Span, Style};
pub use view::View;
