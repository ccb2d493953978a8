use super::*;
use pcap_file::pcapng::{Block, PcapNgReader};
use rstest::rstest;
use std::cell::RefCell;

/// What a reader gets to see of a packet.
#[derive(Debug, PartialEq)]
struct Packet {
    at: Duration,
    interface: u32,
    data: Vec<u8>,
    comment: Option<String>,
}

fn read(octets: &[u8]) -> (Vec<String>, Vec<Packet>) {
    let (mut names, mut packets) = (Vec::new(), Vec::new());
    let mut reader = PcapNgReader::new(octets).unwrap();
    while let Some(block) = reader.next_block() {
        match block.unwrap() {
            Block::InterfaceDescription(block) => {
                assert_eq!((block.linktype, block.snaplen), (DataLink::RAW, 65_535));
                assert!(block.options.contains(&InterfaceDescriptionOption::IfTsResol(9)));
                names.extend(block.options.iter().find_map(|option| match option {
                    InterfaceDescriptionOption::IfName(name) => Some(name.to_string()),
                    _ => None,
                }));
            }
            Block::EnhancedPacket(block) => {
                assert_eq!(block.original_len as usize, block.data.len());
                packets.push(Packet {
                    at: block.timestamp,
                    interface: block.interface_id,
                    data: block.data.to_vec(),
                    comment: block.options.iter().find_map(|option| match option {
                        EnhancedPacketOption::Comment(text) => Some(text.to_string()),
                        _ => None,
                    }),
                });
            }
            other => panic!("{other:?}"),
        }
    }
    (names, packets)
}

fn record() -> Vec<u8> {
    let mut capture = Capture::new(Vec::new(), &["node 17", "gateway"]).unwrap();
    for (number, len) in [(0u32, 20usize), (1, 21), (2, 22), (3, 1_280)] {
        let at = Instant::from_micros(u64::from(number) * 1_500_001);
        let comment = (number == 2).then_some("dropped: loss");
        capture.write(at, number % 2, &vec![number as u8; len], comment).unwrap();
    }
    capture.finish().unwrap()
}

#[test]
fn a_reader_gets_back_what_was_written() {
    let (names, packets) = read(&record());
    assert_eq!(names, ["node 17", "gateway"]);
    let expected = [(0, 20), (1, 21), (2, 22), (3, 1_280)].map(|(number, len)| Packet {
        at: Duration::from_micros(u64::from(number) * 1_500_001),
        interface: number % 2,
        data: vec![number as u8; len],
        comment: (number == 2).then(|| "dropped: loss".to_owned()),
    });
    assert_eq!(packets, expected);
}

#[test]
fn the_same_run_makes_the_same_octets() {
    assert_eq!(record(), record());
}

/// Block by block from the pcapng specification, so that a mistake the library's reader shares is found.
#[test]
fn the_octets_are_those_of_the_specification() {
    let mut capture = Capture::new(Vec::new(), &["n"]).unwrap();
    capture.write(Instant::from_secs(5), 0, &[0x45, 0x00, 0x01], Some("ok")).unwrap();
    let words: Vec<u32> = capture
        .finish()
        .unwrap()
        .chunks(4)
        .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
        .collect();
    let section = [0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28];
    // Link type 101; if_name (2) of one octet; if_tsresol (9) of one octet: 9; end of options.
    let interface = [1, 40, 101, 65_535, 0x0001_0002, u32::from(b'n'), 0x0001_0009, 9, 0, 40];
    // 5,000,000,000 ns = 1 * 2^32 + 705,032,704; comment (1) of two octets; end of options.
    let packet = [6, 48, 0, 1, 705_032_704, 3, 3, 0x0001_0045, 0x0002_0001, 0x0000_6b6f, 0, 48];
    assert_eq!(words, [&section[..], &interface[..], &packet[..]].concat());
}

#[rstest]
#[case::unknown_interface(0, 2, 20, 2, "capture has no interface 2")]
#[case::comment(0, 0, 20, 65_536, "capture text of 65536 octets is too long")]
#[case::packet(0, 0, 65_536, 2, "packet of 65536 octets is too long")]
#[case::time(u64::MAX, 0, 20, 2, "capture cannot hold the time 18446744073709.551615")]
fn what_the_format_cannot_hold_is_refused(
    #[case] micros: u64,
    #[case] interface: u32,
    #[case] len: usize,
    #[case] comment_len: usize,
    #[case] message: &str,
) {
    let mut capture = Capture::new(Vec::new(), &["a", "b"]).unwrap();
    let empty = capture.writer.get_ref().len();
    let comment = "c".repeat(comment_len);
    let at = Instant::from_micros(micros);
    let error = capture.write(at, interface, &vec![0; len], Some(&comment)).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(capture.finish().unwrap().len(), empty);
}

#[test]
fn the_longest_texts_and_packets_fit() {
    let name = "n".repeat(65_535);
    let mut capture = Capture::new(Vec::new(), &[&name]).unwrap();
    capture.write(Instant::ZERO, 0, &vec![1; 65_535], Some(&name)).unwrap();
    let (names, packets) = read(&capture.finish().unwrap());
    assert_eq!(names, [&*name]);
    assert_eq!(packets[0].data.len(), 65_535);
    assert_eq!(packets[0].comment, Some(name.clone()));
    let longer = name + "n";
    let refused = Capture::new(Vec::new(), &[&longer]);
    assert!(matches!(refused, Err(CaptureError::TextTooLong(65_536))));
}

/// Takes some octets and then fails, to write or to flush.
struct Full<'a> {
    room: &'a RefCell<usize>,
}

impl Write for Full<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut room = self.room.borrow_mut();
        if octets.len() > *room {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        *room -= octets.len();
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if *self.room.borrow() == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_is_reported() {
    let room = RefCell::new(10);
    assert!(matches!(Capture::new(Full { room: &room }, &["a"]), Err(CaptureError::Io(_))));
    *room.borrow_mut() = 1_000;
    let mut capture = Capture::new(Full { room: &room }, &["a"]).unwrap();
    *room.borrow_mut() = 0;
    let error = capture.write(Instant::ZERO, 0, &[1], None).unwrap_err();
    assert!(std::error::Error::source(&error).is_some());
    assert!(matches!(capture.finish(), Err(CaptureError::Io(_))));
}
