//! From lines to what a terminal understands (ECMA-48): only lines that changed are sent.

use std::fmt::Write;

use crate::text::cut;
use crate::{Line, Style};

/// Draws on one terminal.
#[derive(Debug)]
pub struct Painter {
    colour: bool,
    size: (usize, usize),
    before: Vec<String>,
}

impl Painter {
    /// Takes over a terminal that shows something else.
    pub fn new(colour: bool) -> Self {
        Self { colour, size: (0, 0), before: Vec::new() }
    }

    /// What must be written so that the terminal shows these lines.
    pub fn paint(&mut self, lines: &[Line], width: usize, height: usize) -> String {
        let mut out = String::new();
        if self.size != (width, height) {
            self.size = (width, height);
            self.before.clear();
            out.push_str("\x1b[0m\x1b[2J");
        }
        for (number, line) in lines.iter().take(height).enumerate() {
            let text = self.line(line, width);
            if self.before.get(number) != Some(&text) {
                let _ = write!(out, "\x1b[{};1H\x1b[2K{text}", number + 1);
            }
            match self.before.get_mut(number) {
                Some(before) => *before = text,
                None => self.before.push(text),
            }
        }
        out
    }

    fn line(&self, line: &Line, width: usize) -> String {
        let mut out = String::new();
        let mut room = width;
        for span in line {
            let (text, used) = cut(&span.text, room);
            let code = self.code(span.style);
            if code.is_empty() {
                out.push_str(text);
            } else {
                let _ = write!(out, "\x1b[{code}m{text}\x1b[0m");
            }
            room -= used;
            if text.len() < span.text.len() {
                break;
            }
        }
        out
    }

    /// Bold and reverse are no colours, and stay where none are wanted.
    fn code(&self, style: Style) -> &'static str {
        match style {
            Style::Plain => "",
            Style::Bold => "1",
            Style::Reverse => "7",
            Style::Dim if self.colour => "2",
            Style::Red if self.colour => "1;31",
            Style::Yellow if self.colour => "33",
            Style::Dim | Style::Red | Style::Yellow => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    fn line(style: Style, text: &str) -> Line {
        vec![Span { style, text: text.to_owned() }]
    }

    #[test]
    fn only_what_changed_is_sent_and_nothing_is_wider() {
        let mut painter = Painter::new(false);
        let lines = [line(Style::Red, "abcdef"), line(Style::Plain, "漢字漢字")];
        assert_eq!(painter.paint(&lines, 5, 2), "\x1b[0m\x1b[2J\x1b[1;1H\x1b[2Kabcde\x1b[2;1H\x1b[2K漢字");
        assert_eq!(painter.paint(&lines, 5, 2), "");
        assert_eq!(painter.paint(&[line(Style::Bold, "x")], 5, 2), "\x1b[1;1H\x1b[2K\x1b[1mx\x1b[0m");
        assert_eq!(painter.paint(&lines, 1, 1), "\x1b[0m\x1b[2J\x1b[1;1H\x1b[2Ka");
        assert!(Painter::new(true).paint(&lines, 5, 1).contains("\x1b[1;31mabcde\x1b[0m"));
    }
}
