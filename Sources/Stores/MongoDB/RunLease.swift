internal import Foundation
internal import Storage
internal import Synchronization

/// The commands about the one document that says which run writes to the database, and until when
/// it may be trusted to be there.
///
/// The server's clock alone counts: those of two machines need not agree.
enum RunLease {
    private static let collection = "weir_runs"
    private static let key = "raw_events"

    /// Takes the lease where there is none.
    static func insertion(_ holder: RunHolder, until end: Int64) -> BSONDocument {
        BSONDocument {
            $0.append("insert", collection)
            $0.append("documents", documents: 1) { document, _ in
                fill(&document, holder, until: end)
            }
        }
    }

    /// Finds who has it.
    static var finding: BSONDocument {
        let filter = BSONDocument { $0.append("_id", key) }
        return BSONDocument {
            $0.append("find", collection)
            $0.append("filter", document: filter)
            $0.append("limit", Int32(1))
            $0.append("singleBatch", true)
        }
    }

    /// Puts `holder` in the place of the lease that is still as `run` and `found` say.
    static func replacement(
        of run: String,
        ending found: Int64,
        by holder: RunHolder,
        until end: Int64
    ) -> BSONDocument {
        let filter = BSONDocument {
            $0.append("_id", key)
            $0.append("run", run)
            $0.append("expires", date: found)
        }
        let new = BSONDocument { fill(&$0, holder, until: end) }
        return BSONDocument {
            $0.append("update", collection)
            $0.append("updates", documents: 1) { update, _ in
                update.append("q", document: filter)
                update.append("u", document: new)
            }
        }
    }

    /// Lets `holder` have it for longer.
    static func renewal(_ holder: RunHolder, until end: Int64) -> BSONDocument {
        let filter = own(holder)
        let change = BSONDocument { $0.append("expires", date: end) }
        let update = BSONDocument { $0.append("$set", document: change) }
        return BSONDocument {
            $0.append("update", collection)
            $0.append("updates", documents: 1) { entry, _ in
                entry.append("q", document: filter)
                entry.append("u", document: update)
            }
        }
    }

    /// Gives it back.
    static func removal(_ holder: RunHolder) -> BSONDocument {
        let filter = own(holder)
        return BSONDocument {
            $0.append("delete", collection)
            $0.append("deletes", documents: 1) { entry, _ in
                entry.append("q", document: filter)
                entry.append("limit", Int32(1))
            }
        }
    }

    private static func own(_ holder: RunHolder) -> BSONDocument {
        BSONDocument {
            $0.append("_id", key)
            $0.append("run", holder.run)
        }
    }

    private static func fill(_ document: inout BSONWriter, _ holder: RunHolder, until end: Int64) {
        document.append("_id", key)
        document.append("run", holder.run)
        document.append("place", holder.place)
        document.append("process", holder.process)
        document.append("began", holder.began)
        document.append("host", holder.host)
        document.append("expires", date: end)
    }
}

extension RunHolder {
    /// Who a lease says holds the database.
    init(_ document: BSONDocument) {
        self.init(
            run: document.text("run") ?? "",
            place: document.text("place") ?? "",
            process: document.integer("process") ?? 0,
            began: document.text("began") ?? "",
            host: document.text("host") ?? ""
        )
    }
}

extension MongoDBConnection {
    /// Takes the lease of the database for a run of this process.
    ///
    /// - Returns: Under what name; nil where the server tells no time, so that there is no lease.
    /// - Throws: `StoreError` with the code `busy` where another run has it.
    func takeLease() throws(StoreError) -> RunHolder? {
        guard let now = try serverTime() else { return nil }
        let holder = RunHolder.current(at: now)
        let end = now + RunLease.milliseconds
        // Another run may give it back, or take it, between two looks.
        for _ in 0..<10 {
            let refusal = try command(RunLease.insertion(holder, until: end))
                .documents("writeErrors").first
            guard let refusal else { return holder }
            guard refusal.integer("code") == 11_000 else {
                throw DriverFailure(
                    .server,
                    code: Int(refusal.integer("code") ?? 0),
                    refusal.text("errmsg") ?? ""
                ).storeError(at: location)
            }
            guard let found = try read(RunLease.finding).documents("cursor.firstBatch").first else {
                continue
            }
            let other = RunHolder(found)
            let expires = found.date("expires") ?? 0
            guard expires <= now || other.isGone else {
                throw StoreError(
                    heldBy: other.text,
                    "\(location)",
                    remark: "if it was killed, it gives way "
                        + "\(StoreHold.lease.components.seconds) s after its last word"
                )
            }
            let taken = try command(
                RunLease.replacement(of: other.run, ending: expires, by: holder, until: end)
            )
            if taken.integer("n") == 1 { return holder }
        }
        throw StoreError(heldBy: "another run", "\(location)")
    }

    /// Says that `holder` is still there.
    ///
    /// - Throws: `StoreError` with the code `busy` where another run has taken the lease over.
    func renewLease(_ holder: RunHolder) throws(StoreError) {
        guard let now = try serverTime() else { return }
        let end = now + RunLease.milliseconds
        if try command(RunLease.renewal(holder, until: end)).integer("n") == 1 { return }
        // Somebody may have removed the document, and nothing more.
        let refusal = try command(RunLease.insertion(holder, until: end))
            .documents("writeErrors").first
        guard refusal != nil else { return }
        throw StoreError(
            .busy,
            "\(location): another run has taken the database over, since nothing was heard of this "
                + "one for \(StoreHold.lease.components.seconds) s; let one run at a time write"
        )
    }

    /// Gives the lease back.
    func returnLease(_ holder: RunHolder) throws(StoreError) {
        _ = try command(RunLease.removal(holder))
    }

    /// The milliseconds since the epoch on the server's clock; nil where it does not say.
    private func serverTime() throws(StoreError) -> Int64? {
        try read(BSONDocument(json: #"{"hello": 1}"#), on: .admin).date("localTime")
    }
}

extension RunLease {
    /// How long it lasts.
    fileprivate static var milliseconds: Int64 { StoreHold.lease.components.seconds * 1000 }
}

/// The process that holds a database for its run, as another one finds it in the lease.
struct RunHolder: Hashable, Sendable {
    /// Unlike that of any other run.
    var run: String
    /// The machine, since it was started, and the processes that know each other by number there;
    /// empty if the system does not say.
    var place: String
    var process: Int64
    /// When the process began, as its system counts: numbers of processes come again.
    var began: String
    var host: String

    /// Its name in errors.
    var text: String {
        "another run (process \(process)" + (host.isEmpty ? ")" : " on \(host))")
    }

    private static let lastNumber = Atomic<Int>(0)

    /// This process, for one more run, which the server's clock tells from those of its like.
    static func current(at instant: Int64) -> RunHolder {
        let number = lastNumber.add(1, ordering: .relaxed).newValue
        let process = Int64(ProcessInfo.processInfo.processIdentifier)
        let host = line(of: "/proc/sys/kernel/hostname")
        let place = here
        return RunHolder(
            run: "\(host) \(place) \(process) \(instant) \(number)",
            place: place,
            process: process,
            began: beginning(of: process),
            host: host
        )
    }

    /// Whether the process is known to have ended: one of this machine that is not there any more.
    var isGone: Bool {
        !place.isEmpty && place == RunHolder.here && began != RunHolder.beginning(of: process)
    }

    private static var here: String {
        let boot = line(of: "/proc/sys/kernel/random/boot_id")
        let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        guard !boot.isEmpty, let space else { return "" }
        return "\(boot) \(space)"
    }

    /// When a process began, the 22nd field of what Linux says of it; empty if there is none.
    ///
    /// The name before may have spaces in it, and the third field says how the process is.
    private static func beginning(of process: Int64) -> String {
        let fields = line(of: "/proc/\(process)/stat").split(separator: ")").last?
            .split(separator: " ")
        // One that has ended and is not yet buried writes nothing any more.
        guard let fields, fields.count > 19, fields[0] != "Z" else { return "" }
        return String(fields[19])
    }

    private static func line(of path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").first.map(String.init) ?? ""
    }
}
