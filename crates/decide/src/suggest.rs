/// The known name nearest to a misspelt one, where one is near enough to be meant.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 64 {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '-'], "");
    let word = plain(word);
    let limit = (word.len() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|name| (distance(&word, &plain(name)), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Edits (insert, delete, replace, swap of neighbours) between two short words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, ca) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&row, j) + usize::from(ca != *cb)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if let (Some(last), Some(k)) = (last, j.checked_sub(1))
                && last == *cb
                && b.get(k) == Some(&ca)
            {
                best = best.min(at(&before, k) + 1);
            }
            next.push(best);
        }
        before = row;
        row = next;
        last = Some(ca);
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["severity", "score", "published", "exposedPorts"];
        assert_eq!(closest("severty", known), Some("severity"));
        assert_eq!(closest("serverity", known), Some("severity"));
        assert_eq!(closest("scroe", known), Some("score"));
        assert_eq!(closest("exposed_ports", known), Some("exposedPorts"));
        assert_eq!(closest("cvss", known), None);
        assert_eq!(closest("", known), None);
    }
}
