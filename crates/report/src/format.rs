use std::io;

use seawall_model::Report;

/// One way to write a report down.
pub trait Format: Sync {
    /// The name on the command line: kebab-case, unique.
    fn id(&self) -> &'static str;

    /// One line for the reference: what it is for.
    fn about(&self) -> &'static str;

    /// The address of the specification that it follows; empty for Seawall's own.
    fn specification(&self) -> &'static str;

    /// The media type of what it writes.
    fn media_type(&self) -> &'static str;

    /// The usual end of a file name, without the dot.
    fn file_extension(&self) -> &'static str;

    /// Writes `report` to `out`.
    ///
    /// # Errors
    /// Only those of `out`: every report can be rendered.
    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()>;
}

/// What the reader's side asks of a format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RenderOptions {
    /// Columns of the terminal. `None` means that nobody looks at a terminal: nothing is folded, wrapped or cut.
    pub width: Option<usize>,
    /// Whether terminal colours may be used. Nothing is ever said by colour alone.
    pub colour: bool,
    /// An inventory is asked for (`seawall sbom`): packages, no findings, no verdict.
    pub sbom_only: bool,
}
