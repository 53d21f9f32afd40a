//! Our side of one leg's offer/answer (RFC 3264), with the choice of codec on top.
//!
//! Conversion costs, so each choice looks at the other leg: an outbound offer lists that leg's
//! codec first, and an inbound offer is answered with it where the offer allows. The state of
//! the descriptions themselves (m-lines, payload numbers, `o=` version) is `media::sdp`'s.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use cordboard_media::Codec;
use cordboard_media::sdp::{Direction, LocalMedia, Negotiated, SdpError, Session, offered_codecs};
use smallvec::SmallVec;

use crate::action::Refusal;

/// The content type of session descriptions.
pub(crate) const SDP: &str = "application/sdp";

/// What we bring, and how far the exchange has come.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    session: Session,
    /// RTP address as the far end shall see it.
    address: SocketAddr,
    codecs: Arc<[Codec]>,
    /// Their first offer and the codecs in it, until it is answered.
    offer: Option<(Bytes, Offered)>,
}

impl Ours {
    /// A leg that has said nothing. `id` comes from the call's random seed.
    pub fn new(id: u64, advertise: IpAddr, port: u16, codecs: Arc<[Codec]>) -> Self {
        // 31 bits: some devices read the version into a signed 32-bit number.
        let session = Session::new(id & 0x7fff_ffff);
        Self {
            session,
            address: SocketAddr::new(advertise, port),
            codecs,
            offer: None,
        }
    }

    /// Keeps the offer of their INVITE, with the codecs that `check_offer` found in it, until the
    /// leg is answered.
    pub fn keep_offer(&mut self, offer: &[u8], offered: Offered) {
        // A copy of its own, so that the whole INVITE need not live as long.
        self.offer = Some((Bytes::copy_from_slice(offer), offered));
    }

    /// The first codec of their offer that waits to be answered.
    pub fn wanted_codec(&self) -> Option<Codec> {
        let (_, offered) = self.offer.as_ref()?;
        offered.iter().find(|c| self.codecs.contains(c)).copied()
    }

    /// Version of our last description.
    pub fn version(&self) -> u64 {
        self.session.version()
    }

    /// Our last description as it was sent.
    pub fn written(&self) -> Option<Bytes> {
        self.session.written().cloned()
    }

    /// Their INVITE had an offer that is not answered yet.
    pub fn has_offer(&self) -> bool {
        self.offer.is_some()
    }

    /// An offer of ours waits for its answer.
    pub fn is_offering(&self) -> bool {
        self.session.offering()
    }

    /// Answers the kept offer.
    pub fn answer_kept(&mut self, prefer: Option<Codec>) -> Result<(Negotiated, Bytes), Refusal> {
        let (offer, offered) = self
            .offer
            .clone()
            .ok_or_else(|| Refusal::Incompatible("there is no offer".to_owned()))?;
        let answered = self.answer_with(&offer, &offered, prefer)?;
        self.offer = None;
        Ok(answered)
    }

    /// Answers an offer: with the preferred codec where the offer has it, else with the first
    /// that both know.
    pub fn answer(
        &mut self,
        offer: &[u8],
        prefer: Option<Codec>,
    ) -> Result<(Negotiated, Bytes), Refusal> {
        let offered = offered_codecs(offer).map_err(refused)?;
        self.answer_with(offer, &offered, prefer)
    }

    fn answer_with(
        &mut self,
        offer: &[u8],
        offered: &[Codec],
        prefer: Option<Codec>,
    ) -> Result<(Negotiated, Bytes), Refusal> {
        let preferred =
            prefer.filter(|codec| offered.contains(codec) && self.codecs.contains(codec));
        let only = preferred.map(|codec| [codec]);
        let codecs = only.as_ref().map_or(&self.codecs[..], |one| &one[..]);
        let local = local(self.address, codecs);
        self.session.answer(offer, &local).map_err(refused)
    }

    /// Our offer, the preferred codec first.
    pub fn offer(&mut self, prefer: Option<Codec>) -> Bytes {
        let codecs = ordered(&self.codecs, prefer);
        self.session.offer(&local(self.address, &codecs))
    }

    /// Our offer of one codec alone: a phone that is offered two may keep the one it has.
    pub fn offer_only(&mut self, codec: Codec) -> Bytes {
        self.session.offer(&local(self.address, &[codec]))
    }

    /// Their answer in a provisional response: good for early media, while the offer stays open
    /// for the answer of the 2xx.
    pub fn preview(&self, answer: &[u8]) -> Result<Negotiated, Refusal> {
        let mut trial = self.session.clone();
        trial
            .accept(answer, &local(self.address, &self.codecs))
            .map_err(refused)
    }

    /// Their answer to our offer.
    pub fn accept(&mut self, answer: &[u8]) -> Result<Negotiated, Refusal> {
        self.session
            .accept(answer, &local(self.address, &self.codecs))
            .map_err(refused)
    }

    /// Our offer will not be answered; what was agreed before stays.
    pub fn withdraw(&mut self) {
        self.session.withdraw();
    }
}

/// Codecs of an offer, in its order.
pub(crate) type Offered = SmallVec<[Codec; 2]>;

/// Checks an INVITE's offer before anything is allocated for it; gives the codecs in it.
pub(crate) fn check_offer(offer: &[u8], codecs: &[Codec]) -> Result<Offered, Refusal> {
    let offered = offered_codecs(offer).map_err(refused)?;
    if offered.iter().any(|codec| codecs.contains(codec)) {
        Ok(offered)
    } else {
        Err(refused(SdpError::NoCommonCodec))
    }
}

fn refused(error: SdpError) -> Refusal {
    Refusal::Incompatible(error.to_string())
}

fn local(address: SocketAddr, codecs: &[Codec]) -> LocalMedia<'_> {
    LocalMedia {
        address,
        codecs,
        direction: Direction::SendReceive,
        symmetric: true,
    }
}

fn ordered(codecs: &[Codec], first: Option<Codec>) -> SmallVec<[Codec; 4]> {
    let mut list: SmallVec<[Codec; 4]> = first
        .filter(|codec| codecs.contains(codec))
        .into_iter()
        .collect();
    for &codec in codecs {
        if !list.contains(&codec) {
            list.push(codec);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[Codec] = &[Codec::Pcmu, Codec::Pcma];

    fn ours() -> Ours {
        Ours::new(7, IpAddr::from([192, 0, 2, 1]), 4000, Arc::from(BOTH))
    }

    fn theirs(formats: &str) -> String {
        format!(
            "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n\
             m=audio 5004 RTP/AVP {formats}\r\n"
        )
    }

    #[test]
    fn answers_with_the_other_legs_codec_where_offered() {
        let (agreed, body) = ours()
            .answer(theirs("8 0").as_bytes(), Some(Codec::Pcmu))
            .unwrap();
        assert_eq!(agreed.spec.codec, Codec::Pcmu);
        assert!(String::from_utf8_lossy(&body).contains("m=audio 4000 RTP/AVP 0"));
        let (agreed, _) = ours()
            .answer(theirs("8").as_bytes(), Some(Codec::Pcmu))
            .unwrap();
        assert_eq!(agreed.spec.codec, Codec::Pcma);
    }

    #[test]
    fn offers_the_other_legs_codec_first() {
        let body = ours().offer(Some(Codec::Pcma));
        assert!(String::from_utf8_lossy(&body).contains("m=audio 4000 RTP/AVP 8 0 101"));
    }

    #[test]
    fn an_early_answer_leaves_the_offer_open() {
        let mut ours = ours();
        ours.offer(None);
        let early = ours.preview(theirs("8").as_bytes()).unwrap();
        assert_eq!(early.spec.codec, Codec::Pcma);
        let final_ = ours.accept(theirs("0").as_bytes()).unwrap();
        assert_eq!(final_.spec.codec, Codec::Pcmu);
        assert!(!ours.is_offering());
    }

    #[test]
    fn an_offer_without_our_codecs_is_refused_with_488() {
        let refusal = check_offer(theirs("18").as_bytes(), BOTH).unwrap_err();
        assert_eq!(refusal.sip_status(), 488);
        assert!(check_offer(theirs("0").as_bytes(), &[Codec::Pcma]).is_err());
        assert!(check_offer(b"nonsense", BOTH).is_err());
    }
}
