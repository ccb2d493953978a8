//! Counting by address.

use crate::digests::Hashed;
use core::net::IpAddr;

/// How many of something each address has.
#[derive(Default)]
pub(crate) struct Tally(Hashed<IpAddr, usize>);

impl Tally {
    pub(crate) fn add(&mut self, address: IpAddr) {
        *self.0.entry(address.to_canonical()) += 1;
    }

    pub(crate) fn remove(&mut self, address: IpAddr) {
        let address = address.to_canonical();
        if let Some(count) = self.0.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&address);
            }
        }
    }

    pub(crate) fn of(&self, address: IpAddr) -> usize {
        self.0.get(&address.to_canonical()).copied().unwrap_or(0)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_in_whichever_form_it_is_written_and_leaves_nothing_behind() {
        let (v4, mapped) = ("192.0.2.1".parse(), "::ffff:192.0.2.1".parse());
        let (v4, mapped): (IpAddr, IpAddr) = (v4.expect("v4"), mapped.expect("v6"));
        let mut tally = Tally::default();
        tally.add(v4);
        tally.add(mapped);
        assert_eq!((tally.of(v4), tally.of(mapped)), (2, 2));
        tally.remove(v4);
        tally.remove(mapped);
        tally.remove(mapped);
        assert_eq!(tally.of(v4), 0);
        assert!(tally.is_empty());
    }
}
