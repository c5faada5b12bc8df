/// The known name nearest to a misspelt one, where one is near enough to be meant.
pub(crate) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 64 || word.is_empty() {
        return None;
    }
    let limit = (word.len() / 4).clamp(1, 3);
    known
        .into_iter()
        .filter(|name| name.len().abs_diff(word.len()) <= limit)
        .map(|name| (distance(word.as_bytes(), name.as_bytes()), name))
        .filter(|(distance, name)| *distance <= limit && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Edits (insert, delete, replace) between two short words; a swap of neighbours counts as one.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let width = b.len() + 1;
    let mut rows = vec![(0..width).collect::<Vec<usize>>()];
    let get =
        |rows: &[Vec<usize>], i: usize, j: usize| rows.get(i).and_then(|r| r.get(j)).copied().unwrap_or(usize::MAX / 2);
    for (i, ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let replaced = get(&rows, i, j) + usize::from(!ca.eq_ignore_ascii_case(cb));
            let edited = get(&rows, i, j + 1).min(row.get(j).copied().unwrap_or(usize::MAX / 2)) + 1;
            let mut best = replaced.min(edited);
            if i > 0 && j > 0 && a.get(i - 1) == Some(cb) && b.get(j - 1) == Some(ca) {
                best = best.min(get(&rows, i - 1, j - 1) + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    get(&rows, a.len(), b.len())
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["proc.name", "fd.name", "startswith"];
        assert_eq!(closest("proc.nmae", known), Some("proc.name"));
        assert_eq!(closest("startwith", known), Some("startswith"));
        assert_eq!(closest("fd.names", known), Some("fd.name"));
        assert_eq!(closest("evt.type", known), None);
        assert_eq!(closest("", known), None);
    }
}
