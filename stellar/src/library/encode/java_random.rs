/// Java's generator of random numbers: what upstream draws with a fixed seed must come out the same.
#[derive(Debug, Clone)]
pub(crate) struct JavaRandom {
    state: u64,
}

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const MASK: u64 = (1 << 48) - 1;

impl JavaRandom {
    pub fn new(seed: u64) -> Self {
        JavaRandom {
            state: (seed ^ MULTIPLIER) & MASK,
        }
    }

    fn bits(&mut self, count: u32) -> i32 {
        self.state = (self.state.wrapping_mul(MULTIPLIER).wrapping_add(0xB)) & MASK;
        (self.state >> (48 - count)) as i32
    }

    /// A number from 0 up to but not including `bound`; 0 when there is none.
    pub fn below(&mut self, bound: u32) -> u32 {
        let bound = i32::try_from(bound).unwrap_or(i32::MAX);
        if bound <= 0 {
            return 0;
        }
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(self.bits(31))) >> 31) as u32;
        }
        loop {
            let bits = self.bits(31);
            let value = bits % bound;
            if bits.wrapping_sub(value).wrapping_add(bound - 1) >= 0 {
                return value as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_of_seed_0_are_javas() {
        let mut random = JavaRandom::new(0);
        let drawn: Vec<u32> = (0..5).map(|_| random.below(10)).collect();
        assert_eq!(drawn, [0, 8, 9, 7, 5]);
    }
}
