//! Finding a site by what a person types: its name, the beginning of it, or something close.

use ptefuzz::site::{SITES, Site};

use crate::cli::page::list;

/// Characters of a wrong name that a message repeats.
const SHOWN: usize = 40;

/// The site of this name, or the only one whose name begins so.
///
/// # Errors
///
/// A message that says which sites may have been meant.
pub fn find(name: &str) -> Result<&'static Site, String> {
    if let Some(site) = Site::by_name(name) {
        return Ok(site);
    }
    let begin: Vec<&Site> = SITES.iter().filter(|s| !name.is_empty() && s.name.starts_with(name)).collect();
    match begin.as_slice() {
        [site] => Ok(site),
        [] => Err(unknown(name)),
        several => Err(format!("sites: found `{name}`, expected one of {}", names(several, usize::MAX))),
    }
}

fn unknown(name: &str) -> String {
    let shown: String = name.chars().flat_map(char::escape_default).take(SHOWN).collect();
    let of_function: Vec<&Site> = SITES.iter().filter(|s| is_function_of(name, s)).collect();
    let hint = if !of_function.is_empty() {
        format!("that kernel function is the site {}", names(&of_function, usize::MAX))
    } else {
        match near(name).as_slice() {
            [] => "`ptefuzz sites` lists them".to_string(),
            sites => format!("did you mean {}?", names(sites, 4)),
        }
    };
    format!("sites: found `{shown}`, expected the name of a site; {hint}")
}

fn names(sites: &[&Site], most: usize) -> String {
    let names: Vec<&str> = sites.iter().take(most).map(|s| s.name).collect();
    list(&names).replace(" and ", " or ")
}

/// Whether `name` is a kernel function that the site stands for, with or without parentheses.
fn is_function_of(name: &str, site: &Site) -> bool {
    let name = name.strip_suffix("()").unwrap_or(name);
    let words = site.function.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    name.contains('_') && words.into_iter().any(|word| word == name)
}

/// The sites whose names are closest, closest first.
fn near(name: &str) -> Vec<&'static Site> {
    let name: String = name.chars().take(SHOWN).flat_map(char::to_lowercase).collect::<String>().replace('-', "_");
    let mut near: Vec<(usize, &Site)> = SITES
        .iter()
        .filter_map(|site| {
            let apart = distance(&name, site.name);
            let part = name.len() >= 3 && site.name.contains(&name);
            (part || apart <= 1 + site.name.len() / 4).then_some((if part { 0 } else { apart }, site))
        })
        .collect();
    near.sort_by_key(|(apart, _)| *apart);
    near.into_iter().map(|(_, site)| site).collect()
}

/// How many characters must be inserted, dropped or changed to make one name of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_wins_over_the_beginning_of_others() {
        assert_eq!(find("fork").unwrap().name, "fork");
        assert_eq!(find("change").unwrap().name, "change_prot");
    }

    #[test]
    fn an_ambiguous_beginning_names_the_candidates() {
        let message = find("hmm").unwrap_err();
        assert!(message.contains("hmm_rfc or hmm_v3"), "{message}");
    }

    #[test]
    fn a_slip_of_the_pen_gets_the_name_that_was_meant() {
        for (typed, meant) in
            [("pagmap", "pagemap"), ("zapp", "zap"), ("Mincore", "mincore"), ("do-swap-page", "do_swap_page")]
        {
            let message = find(typed).unwrap_err();
            assert!(message.contains(meant), "{typed}: {message}");
        }
    }

    #[test]
    fn a_kernel_function_leads_to_its_sites() {
        let message = find("copy_pte_range()").unwrap_err();
        assert!(message.contains("fork, fork_rfc02 or fork_rfc17"), "{message}");
    }

    #[test]
    fn distance_counts_single_changes() {
        assert_eq!(distance("fork", "fork"), 0);
        assert_eq!(distance("frk", "fork"), 1);
        assert_eq!(distance("", "zap"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
