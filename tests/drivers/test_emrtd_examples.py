"""The worked examples of ICAO 9303-11 (appendices D and G.1), byte for byte, reader and virtual card."""

from __future__ import annotations

from drivers.proto.access_key import make_mrz_key
from drivers.proto.apdu import Command, Sw, parse_answer
from drivers.proto.bac import open_by_bac
from drivers.proto.chip_cipher import Suite, derive_key_pair, derive_password_key
from drivers.proto.pace import find_pace, open_by_pace
from drivers.sim.card_access import PaceOffer
from drivers.sim.emrtd_card import CardContent, VirtualCard
from tests.drivers.chips import Recording, deal_bytes, deal_scalars

# Appendix D: the document number is eight characters and a filler.
BAC_KEY = make_mrz_key("L898902C", "690806", "940623")
CHIP_NONCE, CHIP_HALF = "4608F91988702212", "0B4F80323EB3191CB04970CB4052790B"
READER_NONCE, READER_HALF = "781723860C06C226", "0B795240CB7049B01C19B33E32804F0B"
COM = bytes.fromhex("60145F0104303130365F36063034303030305C026175")
BAC_EXCHANGES = [
    ("0084000008", "4608F919887022129000"),
    (
        "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728",
        "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000",
    ),
]
SM_EXCHANGES = [
    ("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", "990290008E08FA855A5D4C50A8ED9000"),
    ("0CB000000D9701048E08ED6705417E96BA5500", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"),
    (
        "0CB000040D9701128E082EA28A70F3C7B53500",
        "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
    ),
]

# Appendix G.1: brainpoolP256r1 and AES-128.
PACE_KEY = make_mrz_key("T22000129", "640812", "101031")
CARD_ACCESS = "31143012060A04007F0007020204020202010202010D"
NONCE = "3F00C4D39D153F2B2A214A078D899B22"
READER_SCALARS = (
    "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99",
    "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
)
CHIP_SCALARS = (
    "498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560",
    "107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A",
)
PACE_EXCHANGES = [
    ("0022C1A40F800A04007F00070202040202830101", "9000"),
    ("10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C39000"),
    (
        "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E"
        "544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00",
        "7C43824104824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
        "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C549000",
    ),
    (
        "10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C"
        "3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200",
        "7C438441049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
        "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F0949000",
    ),
    ("008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C089000"),
]


def test_bac_keys_follow_from_the_printed_lines() -> None:
    assert BAC_KEY.information == "L898902C<369080619406236"
    assert BAC_KEY.seed.hex().upper() == "239AB9CB282DAF66231DC5A4DF6BFBAE"
    encrypting, codes = derive_key_pair(Suite.TDES, BAC_KEY.seed)
    assert encrypting.hex().upper() == "AB94FDECF2674FDFB9B391F85D7F76F2"
    assert codes.hex().upper() == "7962D9ECE03D1ACD4C76089DCE131543"


def test_reader_says_the_bac_example_and_reads_the_file_under_secure_messaging() -> None:
    recording = Recording([*BAC_EXCHANGES, *SM_EXCHANGES])
    channel = open_by_bac(recording, BAC_KEY, deal_bytes(READER_NONCE, READER_HALF))
    assert channel.send(Command(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex("011E"))).is_ok
    beginning = channel.send(Command(0x00, 0xB0, 0, 0, le=4))
    rest = channel.send(Command(0x00, 0xB0, 0, 4, le=0x12))
    assert beginning.data + rest.data == COM
    recording.assert_over()


def test_card_says_the_bac_example_and_gives_the_file_under_secure_messaging() -> None:
    card = VirtualCard(CardContent({0x011E: COM}, BAC_KEY), draw=deal_bytes(CHIP_NONCE, CHIP_HALF))
    card.answer(bytes.fromhex("00A4040C07A0000002471001"))
    said = [card.answer(bytes.fromhex(command)).hex().upper() for command, _ in [*BAC_EXCHANGES, *SM_EXCHANGES]]
    assert said == [answer for _, answer in [*BAC_EXCHANGES, *SM_EXCHANGES]]


def test_pace_keys_follow_from_the_printed_lines() -> None:
    assert PACE_KEY.secret.hex().upper() == "7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD"
    password_key = derive_password_key(Suite.AES_128, PACE_KEY.secret)
    assert password_key.hex().upper() == "89DED1B26624EC1E634C1989302849DD"


def test_reader_says_the_pace_example() -> None:
    recording = Recording(PACE_EXCHANGES)
    info = find_pace(bytes.fromhex(CARD_ACCESS))
    assert info is not None
    assert (info.suite, info.parameter_id, info.curve.name) == (Suite.AES_128, 13, "brainpoolp256r1")
    channel, claim = open_by_pace(recording, info, PACE_KEY, deal_scalars(*READER_SCALARS), deal_bytes())
    assert claim is None
    recording.assert_over()
    assert channel._keys is not None
    assert channel._keys.encrypting.hex().upper() == "F5F0E35C0D7161EE6724EE513A0D9A7F"
    assert channel._keys.codes.hex().upper() == "FE251C7858B356B24514B3BD5F4297D1"


def test_card_says_the_pace_example() -> None:
    offer = PaceOffer(Suite.AES_128)
    assert offer.build_card_access().hex().upper() == CARD_ACCESS
    card = VirtualCard(
        CardContent({0x011C: offer.build_card_access()}, PACE_KEY, pace=offer),
        draw=deal_bytes(NONCE),
        draw_scalar=deal_scalars(*CHIP_SCALARS),
    )
    said = [card.answer(bytes.fromhex(command)).hex().upper() for command, _ in PACE_EXCHANGES]
    assert said == [answer for _, answer in PACE_EXCHANGES]
    # And now it takes commands under the session's keys only.
    forged = bytes.fromhex("0CB09E000D9701048E08") + bytes(8) + b"\x00"
    assert parse_answer(card.answer(forged)).sw == Sw.SM_OBJECTS_WRONG
