//! Stories of the recorder on a real folder.

use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use super::*;

struct Room {
    folder: PathBuf,
    events: Arc<Mutex<Vec<Event>>>,
    recorder: Recorder,
    desk: Desk,
}

impl Room {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("cordboard-rec-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let listener: Listener = Arc::new(move |event| heard.lock().unwrap().push(event));
        let recorder = Recorder::start(folder.clone(), Arc::clone(&listener)).unwrap();
        let desk = recorder.desk(listener);
        Self {
            folder,
            events,
            recorder,
            desk,
        }
    }

    fn begin(&mut self, recording: u64, file: &str) {
        self.desk.hand(Recorded::Started {
            recording,
            file: file.to_owned(),
        });
    }

    fn block(&mut self, recording: u64, frames: usize) {
        let samples = (0..frames).flat_map(|i| [i as i16, -(i as i16)]).collect();
        self.desk.hand(Recorded::Block { recording, samples });
    }

    fn end(&mut self, recording: u64) {
        let length = Duration::ZERO;
        self.desk.hand(Recorded::Stopped { recording, length });
    }

    fn finish(mut self) -> (PathBuf, Vec<Event>) {
        self.recorder.stop();
        let events = self.events.lock().unwrap().clone();
        (self.folder, events)
    }
}

#[test]
fn a_recording_is_complete_after_its_event_and_ours_alone() {
    let mut room = Room::new("whole");
    room.begin(1, "demo/2026/a.wav");
    for _ in 0..7 {
        room.block(1, 1600);
    }
    room.end(1);
    let (folder, events) = room.finish();
    let length = Duration::from_millis(1_400);
    assert_eq!(
        events,
        vec![Event::Recorded {
            recording: 1,
            length,
            error: None
        }]
    );
    let path = folder.join("demo/2026/a.wav");
    let (left, right) = wav::read_stereo(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!((left.len(), right.len()), (11_200, 11_200));
    assert_eq!((left[1_599], right[1_599]), (1_599, -1_599));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        path.parent()
            .unwrap()
            .metadata()
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_writer_that_vanishes_leaves_all_but_the_last_second() {
    let mut room = Room::new("kill");
    room.begin(1, "a.wav");
    for _ in 0..12 {
        room.block(1, 1600);
    }
    room.begin(2, "b.wav");
    room.end(2);
    // The event of the second says that the blocks of the first were written.
    while room.events.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    let file = std::fs::read(room.folder.join("a.wav")).unwrap();
    let (left, _) = wav::read_stereo(&file).unwrap();
    assert!(left.len() >= 12 * 1600 - 8_000, "{}", left.len());
    let (folder, _) = room.finish();
    let (left, _) = wav::read_stereo(&std::fs::read(folder.join("a.wav")).unwrap()).unwrap();
    assert_eq!(left.len(), 12 * 1600);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn names_that_leave_the_folder_are_refused_with_one_event() {
    let mut room = Room::new("escape");
    std::fs::create_dir_all(&room.folder).unwrap();
    std::os::unix::fs::symlink(std::env::temp_dir(), room.folder.join("link")).unwrap();
    std::fs::write(room.folder.join("there.wav"), b"mine").unwrap();
    let names = [
        "../cordboard-out.wav",
        "/tmp/cordboard-out.wav",
        "a/../../b.wav",
        "",
        "a\0b",
        "link/a.wav",
        "there.wav",
    ];
    for (number, name) in names.iter().enumerate() {
        room.begin(number as u64, name);
        room.block(number as u64, 10);
        room.end(number as u64);
    }
    let (folder, events) = room.finish();
    assert_eq!(events.len(), names.len(), "{events:?}");
    assert!(
        events
            .iter()
            .all(|e| matches!(e, Event::Recorded { error: Some(_), .. }))
    );
    assert_eq!(std::fs::read(folder.join("there.wav")).unwrap(), b"mine");
    assert!(!folder.parent().unwrap().join("cordboard-out.wav").exists());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_full_disk_ends_the_recording_once() {
    // A device that is always full stands for the disk.
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let listener: Listener = Arc::new(move |event| heard.lock().unwrap().push(event));
    let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let open = Open {
        file,
        frames: 0,
        told: 0,
        octets: Vec::new(),
    };
    let mut shelf = Shelf {
        folder: PathBuf::new(),
        listener,
        open: HashMap::from([(3, open)]),
    };
    for _ in 0..3 {
        shelf.write(Recorded::Block {
            recording: 3,
            samples: vec![0; 3200],
        });
    }
    shelf.write(Recorded::Stopped {
        recording: 3,
        length: Duration::ZERO,
    });
    let events = events.lock().unwrap();
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(
        matches!(&events[0], Event::Recorded { recording: 3, error: Some(e), .. } if e.contains("space"))
    );
}
