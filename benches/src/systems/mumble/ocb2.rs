//! OCB2 with AES-128, as Mumble protects its voice packets.
//!
//! A datagram is the lowest byte of a counter, three bytes of the tag, and the ciphertext. The counter is the nonce, grows
//! by one with each packet of a direction, and its low byte tells a receiver which packet it has before it decrypts.
//! The cipher itself is draft-krovetz-ocb-00.

use aws_lc_rs::cipher::{
    AES_128, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey,
};

const BLOCK: usize = 16;
const TAG: usize = 3;
/// What a datagram has before the ciphertext.
pub const OVERHEAD: usize = 1 + TAG;

/// The shared key, and how far each direction has come.
pub struct Crypt {
    cipher: Ocb2,
    sending: u128,
    receiving: u128,
}

impl Crypt {
    /// From the server's `CryptSetup`; None when its parts are not 16 bytes each.
    pub fn new(key: &[u8], client_nonce: &[u8], server_nonce: &[u8]) -> Option<Crypt> {
        Some(Crypt {
            cipher: Ocb2::new(key)?,
            sending: u128::from_le_bytes(client_nonce.try_into().ok()?),
            receiving: u128::from_le_bytes(server_nonce.try_into().ok()?),
        })
    }

    /// The datagram that carries *plain*.
    pub fn seal(&mut self, plain: &[u8]) -> Option<Vec<u8>> {
        self.sending = self.sending.wrapping_add(1);
        let nonce = self.sending.to_le_bytes();
        let mut datagram = vec![0; OVERHEAD];
        let tag = self.cipher.seal(nonce, plain, &mut datagram)?;
        let [first, tags @ ..] = datagram.first_chunk_mut::<OVERHEAD>()?;
        *first = *nonce.first()?;
        *tags = *tag.first_chunk::<TAG>()?;
        Some(datagram)
    }

    /// What *datagram* carries; None when it is not the server's.
    ///
    /// *unopened* is how many came since the last one that was opened; with it the low byte is enough.
    pub fn open(&mut self, datagram: &[u8], unopened: u64) -> Option<Vec<u8>> {
        let ([first, tags @ ..], sealed) = datagram.split_first_chunk::<OVERHEAD>()?;
        let counter = nearest(self.receiving.wrapping_add(unopened.into()), *first);
        let (plain, tag) = self.cipher.open(counter.to_le_bytes(), sealed)?;
        if tag.first_chunk::<TAG>()? != tags {
            return None;
        }
        if counter.wrapping_sub(self.receiving) as i128 > 0 {
            self.receiving = counter;
        }
        Some(plain)
    }
}

/// The number next to *counter* whose low byte is *low*.
fn nearest(counter: u128, low: u8) -> u128 {
    let step = low.wrapping_sub(counter as u8) as i8;
    counter.wrapping_add_signed(i128::from(step))
}

struct Ocb2 {
    encrypting: EncryptingKey,
    decrypting: DecryptingKey,
}

impl Ocb2 {
    fn new(key: &[u8]) -> Option<Ocb2> {
        let unbound = || UnboundCipherKey::new(&AES_128, key).ok();
        Some(Ocb2 {
            encrypting: EncryptingKey::ecb(unbound()?).ok()?,
            decrypting: DecryptingKey::ecb(unbound()?).ok()?,
        })
    }

    /// Append the ciphertext of *plain* to *sealed*; the whole tag.
    fn seal(&self, nonce: [u8; BLOCK], plain: &[u8], sealed: &mut Vec<u8>) -> Option<[u8; BLOCK]> {
        let mut delta = self.encrypt(u128::from_be_bytes(nonce))?;
        let mut checksum = 0;
        let (blocks, last) = whole_blocks(plain);
        for block in blocks {
            delta = doubled(delta);
            let block = number(block);
            checksum ^= block;
            sealed.extend((self.encrypt(block ^ delta)? ^ delta).to_be_bytes());
        }
        delta = doubled(delta);
        let pad = self.encrypt(delta ^ (last.len() as u128 * 8))?;
        let padded = padded(last, pad);
        let cipher = (padded ^ pad).to_be_bytes();
        sealed.extend(cipher.iter().take(last.len()));
        self.encrypt(tripled(delta) ^ checksum ^ padded)
            .map(u128::to_be_bytes)
    }

    /// The plaintext, and the tag it should have.
    fn open(&self, nonce: [u8; BLOCK], sealed: &[u8]) -> Option<(Vec<u8>, [u8; BLOCK])> {
        let mut delta = self.encrypt(u128::from_be_bytes(nonce))?;
        let mut checksum = 0;
        let mut plain = Vec::with_capacity(sealed.len());
        let (blocks, last) = whole_blocks(sealed);
        for block in blocks {
            delta = doubled(delta);
            let block = self.decrypt(number(block) ^ delta)? ^ delta;
            checksum ^= block;
            plain.extend(block.to_be_bytes());
        }
        delta = doubled(delta);
        let pad = self.encrypt(delta ^ (last.len() as u128 * 8))?;
        let cleared = (padded(last, 0) ^ pad).to_be_bytes();
        let start = plain.len();
        plain.extend(cleared.iter().take(last.len()));
        checksum ^= padded(plain.get(start..)?, pad);
        let tag = self.encrypt(tripled(delta) ^ checksum)?;
        Some((plain, tag.to_be_bytes()))
    }

    fn encrypt(&self, block: u128) -> Option<u128> {
        let mut bytes = block.to_be_bytes();
        self.encrypting.encrypt(&mut bytes).ok()?;
        Some(u128::from_be_bytes(bytes))
    }

    fn decrypt(&self, block: u128) -> Option<u128> {
        let mut bytes = block.to_be_bytes();
        self.decrypting
            .decrypt(&mut bytes, DecryptionContext::None)
            .ok()?;
        Some(u128::from_be_bytes(bytes))
    }
}

/// All but the last block, which has 1 to 16 bytes, or none when there is nothing.
fn whole_blocks(text: &[u8]) -> (std::slice::ChunksExact<'_, u8>, &[u8]) {
    let whole = text.len().saturating_sub(1) / BLOCK * BLOCK;
    let (blocks, last) = text.split_at(whole);
    (blocks.chunks_exact(BLOCK), last)
}

fn number(block: &[u8]) -> u128 {
    block
        .iter()
        .fold(0, |number, &byte| number << 8 | u128::from(byte))
}

/// *last* from the left, and what *pad* has behind it.
fn padded(last: &[u8], pad: u128) -> u128 {
    let mut block = pad.to_be_bytes();
    for (to, from) in block.iter_mut().zip(last) {
        *to = *from;
    }
    u128::from_be_bytes(block)
}

/// Times x in GF(2^128) with x^128 + x^7 + x^2 + x + 1.
fn doubled(block: u128) -> u128 {
    (block << 1) ^ (0x87 * (block >> 127))
}

fn tripled(block: u128) -> u128 {
    doubled(block) ^ block
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    fn sealed(plain: &[u8]) -> (Vec<u8>, [u8; 16]) {
        let mut sealed = Vec::new();
        let tag = Ocb2::new(&KEY).unwrap().seal(KEY, plain, &mut sealed);
        (sealed, tag.unwrap())
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text
            .bytes()
            .filter(u8::is_ascii_hexdigit)
            .map(|digit| (digit as char).to_digit(16).unwrap() as u8)
            .collect();
        digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }

    #[test]
    fn nothing_has_the_tag_of_the_draft() {
        let (cipher, tag) = sealed(&[]);
        assert!(cipher.is_empty());
        assert_eq!(tag.to_vec(), hex("BF3108130773AD5E C70EC69E7875A7B0"));
    }

    #[test]
    fn forty_bytes_are_sealed_as_in_the_draft() {
        let plain: Vec<u8> = (0..40).collect();
        let (cipher, tag) = sealed(&plain);
        let expected =
            "F75D6BC8B4DC8D66 B836A2B08B32A636 9F1CD3C5228D79FD 6C267F5F6AA7B231 C7DFB9D59951AE9C";
        assert_eq!(cipher, hex(expected));
        assert_eq!(tag.to_vec(), hex("9DB0CDF880F73E3E 10D4EB3217766688"));
    }

    #[test]
    fn what_one_end_seals_the_other_opens_at_every_length() {
        let (here, there) = ([0xfe; 16], [0xff; 16]);
        let mut client = Crypt::new(&KEY, &here, &there).unwrap();
        let mut server = Crypt::new(&KEY, &there, &here).unwrap();
        for length in 0..128 {
            let plain: Vec<u8> = (0..length).collect();
            let datagram = client.seal(&plain).unwrap();
            assert_eq!(datagram.len(), plain.len() + OVERHEAD);
            assert_eq!(server.open(&datagram, 0).unwrap(), plain);
            assert_eq!(
                client.open(&server.seal(&plain).unwrap(), 0).unwrap(),
                plain,
                "over the end of the counter too"
            );
        }
    }

    #[test]
    fn a_changed_bit_is_refused() {
        let mut client = Crypt::new(&KEY, &KEY, &KEY).unwrap();
        let mut server = Crypt::new(&KEY, &KEY, &KEY).unwrap();
        let datagram = client.seal(b"twenty milliseconds of sound").unwrap();
        for at in 1..datagram.len() {
            let mut changed = datagram.clone();
            changed[at] ^= 1;
            assert!(server.open(&changed, 0).is_none(), "byte {at}");
        }
        assert!(server.open(&datagram, 0).is_some());
    }

    #[test]
    fn one_in_a_thousand_is_opened_by_how_many_came_between() {
        let mut server = Crypt::new(&KEY, &KEY, &KEY).unwrap();
        let mut client = Crypt::new(&KEY, &KEY, &KEY).unwrap();
        for _ in 0..3 {
            // A few of those between were lost.
            let datagrams: Vec<_> = (0..1_000).map(|_| server.seal(b"a").unwrap()).collect();
            let last = datagrams.last().unwrap();
            assert!(client.open(last, 0).is_none());
            assert_eq!(client.open(last, 980).unwrap(), b"a");
        }
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        assert!(Crypt::new(&KEY[1..], &KEY, &KEY).is_none());
        assert!(Crypt::new(&KEY, &KEY[1..], &KEY).is_none());
    }
}
