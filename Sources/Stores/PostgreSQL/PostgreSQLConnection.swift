internal import CPostgres
package import Datasets
package import SQLStores
internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A connection to a server, in libpq's terms; with ``PostgreSQLConnection+Connecting`` and
/// ``PostgreSQLRow`` the only place that calls libpq.
///
/// Its calls wait, so it lives on a ``ConnectionThread``. libpq itself never does: everything is
/// sent and received without blocking, and waited for in ``wait(for:)`` alone, which knows when
/// to give up.
@safe
package final class PostgreSQLConnection: SQLSession {
    package static let dialect = SQLDialect.postgresql

    let handle: OpaquePointer
    /// Host, port and database, to be named in errors.
    package let store: String
    /// In slices of ``sliceMilliseconds``, after each of which it looks whether the task that
    /// waits has been cancelled.
    private let slices: Int
    /// The names of the statements that the server has prepared for this connection.
    private var prepared: [String: String] = [:]
    /// Whether what the server will say next is unknown; nothing more can be asked then.
    private(set) var isBroken = false
    /// What the server said of the last statement that it refused.
    private(set) var lastFault: ServerFailure?

    static let sliceMilliseconds: Int32 = 50

    /// Takes over an open connection.
    init(_ handle: OpaquePointer, store: String, slices: Int) {
        unsafe self.handle = handle
        self.store = store
        self.slices = slices
    }

    deinit {
        unsafe PQfinish(handle)
    }

    /// Whether a call may be made: the server has not hung up since the last one.
    var isUsable: Bool {
        guard !isBroken else { return false }
        // Reads what has come since, an end of the connection among it.
        return unsafe PQconsumeInput(handle) == 1 && PQstatus(handle) == CONNECTION_OK
            && PQtransactionStatus(handle) == PQTRANS_IDLE && !isAtEnd
    }

    /// libpq notices the end of a connection only when it reads once more.
    private var isAtEnd: Bool {
        var entry = unsafe pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) > 0
    }

    // MARK: - Statements

    /// Runs a text of one or more statements, in which there are no values.
    ///
    /// Each `COPY … FROM STDIN` in it takes the next of `copying`, which is made while the server
    /// works on the one before; `meanwhile` is called once, while it works on the first statement.
    func execute(
        _ script: String,
        copying rows: [() -> CopyRows] = [],
        meanwhile: () -> Void = {}
    ) throws(StoreError) {
        var rest = rows[...]
        try check(unsafe PQsendQuery(handle, script))
        try flush()
        meanwhile()
        var next = rest.popFirst()?()
        while let result = try nextResult() {
            if result.status == PGRES_COPY_IN {
                try send(next ?? CopyRows())
                next = rest.popFirst()?()
            }
        }
        precondition(next == nil, "a script must have a COPY for everything it is given")
    }

    /// The server parses and plans a statement once a connection.
    package func forEach(
        _ statement: SQLStatement,
        _ values: [SQLValue],
        _ body: (PostgreSQLRow) throws -> Void
    ) throws {
        guard let result = try result(of: statement.sql, values) else { return }
        for row in 0..<result.count {
            try body(PostgreSQLRow(result: result, row: row, statement: statement, store: store))
        }
    }

    /// All of them are one statement for the server, which is asked once.
    package func run(_ statements: [SQLStatement], _ values: [SQLValue]) throws {
        let steps = statements.dropLast().enumerated().map { "step\($0) AS (\($1.sql))" }
        let last = statements.last?.sql ?? ""
        _ = try result(
            of: steps.isEmpty ? last : "WITH \(steps.joined(separator: ", ")) \(last)",
            values
        )
    }

    /// Copies the rows, where they are sure to be new.
    package func insert(_ rows: some Sequence<[SQLValue]>, into table: SQLInsert) throws {
        guard !table.replacesRows else {
            for row in rows { try run(table.one, row) }
            return
        }
        var copied = CopyRows(columns: table.columns.count)
        for row in rows { copied.append(row) }
        let all = copied
        try execute("COPY \(table.target) FROM STDIN (FORMAT binary)", copying: [{ all }])
    }

    private func result(
        of sql: String,
        _ values: [SQLValue]
    ) throws(StoreError) -> QueryResult? {
        let name = prepared[sql] ?? "weir_\(prepared.count)"
        if prepared[sql] == nil {
            try check(unsafe PQsendPrepare(handle, name, sql, 0, nil))
            try finish()
            prepared[sql] = name
        }
        try send(name, values)
        guard let result = try nextResult() else { return nil }
        try finish()
        return result
    }

    /// The names of the columns that `sql` gives, without running it.
    func columns(of sql: String) throws(StoreError) -> [String] {
        try check(unsafe PQsendPrepare(handle, "", sql, 0, nil))
        try finish()
        try check(unsafe PQsendDescribePrepared(handle, ""))
        let description = try nextResult()
        try finish()
        return description?.columns ?? []
    }

    private func send(_ name: String, _ parameters: [SQLValue]) throws(StoreError) {
        var bytes: [UInt8] = []
        let ends = parameters.map { parameter in
            parameter.append(to: &bytes)
            return bytes.count
        }
        // libpq wants a pointer to each value; an empty value has one as well, or it were NULL.
        bytes.append(0)
        let sent = unsafe bytes.withUnsafeBytes { bytes -> Int32 in
            var starts: [UnsafePointer<CChar>?] = unsafe []
            var lengths: [Int32] = []
            var start = 0
            for (end, parameter) in zip(ends, parameters) {
                let value = unsafe bytes.baseAddress?.advanced(by: start)
                unsafe starts.append(
                    parameter.isNull ? nil : value?.assumingMemoryBound(to: CChar.self)
                )
                lengths.append(Int32(end - start))
                start = end
            }
            let formats = Array(repeating: Int32(1), count: ends.count)
            return unsafe PQsendQueryPrepared(
                handle,
                name,
                Int32(ends.count),
                starts,
                lengths,
                formats,
                1
            )
        }
        try check(sent)
    }

    private func send(_ rows: CopyRows) throws(StoreError) {
        try put(rows.bytes)
        try put(CopyRows.trailer)
        var code: Int32 = 0
        while code == 0 {
            code = unsafe PQputCopyEnd(handle, nil)
            guard code >= 0 else { throw lost() }
            try flush()
        }
    }

    /// Sends a piece at a time, or libpq would hold a copy of everything.
    private func put(_ bytes: [UInt8]) throws(StoreError) {
        var start = 0
        while start < bytes.count {
            let end = min(start + 1 << 18, bytes.count)
            let code = unsafe bytes.withUnsafeBytes { bytes -> Int32 in
                unsafe PQputCopyData(
                    handle,
                    bytes.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self),
                    Int32(end - start)
                )
            }
            guard code >= 0 else { throw lost() }
            try flush()
            // Zero: nothing was taken, since its own buffer could not be sent before.
            if code == 1 { start = end }
        }
    }

    // MARK: - Answers

    /// The next result of what was sent, or nil where there are no more.
    ///
    /// - Throws: The fault, where the result is one: after reading all that follows, so that the
    ///   connection can be used again.
    private func nextResult() throws(StoreError) -> QueryResult? {
        try flush()
        while unsafe PQisBusy(handle) == 1 {
            try wait(for: Int32(POLLIN))
            guard unsafe PQconsumeInput(handle) == 1 else { throw lost() }
        }
        guard let result = unsafe QueryResult(PQgetResult(handle)) else { return nil }
        guard var fault = result.fault else { return result }
        if unsafe PQstatus(handle) == CONNECTION_OK {
            // What follows an error in a script is skipped by the server.
            while (try? nextResult()) != nil {}
        } else {
            isBroken = true
            fault.state = fault.state ?? "08006"
        }
        lastFault = fault
        throw fault.storeError(at: store)
    }

    /// Reads to the end of what was sent.
    private func finish() throws(StoreError) {
        while try nextResult() != nil {}
    }

    // MARK: - Waiting

    private func check(_ sent: Int32) throws(StoreError) {
        guard sent == 1 else { throw lost() }
    }

    /// Sends everything that libpq has gathered.
    private func flush() throws(StoreError) {
        while true {
            switch unsafe PQflush(handle) {
            case 0: return
            case 1:
                // The server may not read on before what it has said is read.
                try wait(for: Int32(POLLIN | POLLOUT))
                guard unsafe PQconsumeInput(handle) == 1 else { throw lost() }
            default: throw lost()
            }
        }
    }

    /// Waits until the socket is ready for any of `events`.
    private func wait(for events: Int32) throws(StoreError) {
        for _ in 0..<slices {
            guard !Task.isCancelled else {
                isBroken = true
                throw StoreError(.unavailable, "\(store): the call was cancelled")
            }
            var entry = unsafe pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
            let ready = unsafe poll(&entry, 1, PostgreSQLConnection.sliceMilliseconds)
            if ready > 0 { return }
        }
        isBroken = true
        throw StoreError(
            .unavailable,
            "\(store): the server has given no sign of life for "
                + "\(slices * Int(Self.sliceMilliseconds) / 1000) s; see that it runs "
                + "and is not overloaded"
        )
    }

    private func lost() -> StoreError {
        isBroken = true
        let said = unsafe String(cString: PQerrorMessage(handle))
        return ServerFailure(state: "08006", message: said.onOneLine).storeError(at: store)
    }
}

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

extension PostgreSQLConnection {
    /// The parameters of a URL by libpq's keywords, or nil where it cannot be read.
    ///
    /// libpq's own message is dropped: it repeats the part that it could not read.
    static func parse(url: String) -> [(keyword: String, value: String)]? {
        var message: UnsafeMutablePointer<CChar>?
        let options = unsafe PQconninfoParse(url, &message)
        defer {
            unsafe PQfreemem(message)
            unsafe PQconninfoFree(options)
        }
        guard var option = unsafe options else { return nil }
        var settings: [(keyword: String, value: String)] = []
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val {
                unsafe settings.append((String(cString: keyword), String(cString: value)))
            }
            unsafe option += 1
        }
        return settings
    }

    /// Connects to `location`.
    convenience init(_ location: PostgreSQLLocation) throws(StoreError) {
        let settings = PostgreSQLConnection.settings(for: location)
        let handle = unsafe PostgreSQLConnection.start(settings)
        guard let handle = unsafe handle else {
            throw StoreError(.unavailable, "\(location.label): no memory for a connection")
        }
        // Errors of the server then begin with their SQLSTATE.
        unsafe PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        // libpq would print notices to standard error.
        unsafe PQsetNoticeReceiver(handle, { _, _ in }, nil)
        let slices = Int(location.patience / .milliseconds(PostgreSQLConnection.sliceMilliseconds))
        do throws(StoreError) {
            try unsafe PostgreSQLConnection.connect(handle, location, slices: slices)
        } catch {
            unsafe PQfinish(handle)
            throw error
        }
        unsafe PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
        unsafe PQsetnonblocking(handle, 1)
        unsafe self.init(handle, store: PostgreSQLConnection.name(of: handle), slices: slices)
    }

    /// The server's version, as libpq numbers it: 150003 is 15.3.
    var version: Int32 { unsafe PQserverVersion(handle) }

    /// What the server reported of itself under `name` when it was connected to.
    func report(_ name: String) -> String? {
        unsafe PQparameterStatus(handle, name).map { unsafe String(cString: $0) }
    }

    /// What the connection is made with: ours as defaults, the URL's over them.
    private static func settings(
        for location: PostgreSQLLocation
    ) -> [(keyword: String, value: String)] {
        let milliseconds = Int(location.patience / .milliseconds(1))
        // A little less than ours, so that a slow statement is not taken for a dead server; and a
        // client that is gone without a word must not hold its locks on.
        let limit = milliseconds * 9 / 10
        let options = [
            "statement_timeout=\(limit)", "idle_in_transaction_session_timeout=\(milliseconds)",
            "tcp_keepalives_idle=5", "tcp_keepalives_interval=2", "tcp_keepalives_count=3",
        ]
        let ours = [
            ("application_name", "weir"), ("keepalives_idle", "5"), ("keepalives_interval", "2"),
            ("keepalives_count", "3"), ("tcp_user_timeout", "\(milliseconds)"),
        ]
        var settings = ours.filter { location[$0.0] == nil }.map { (keyword: $0.0, value: $0.1) }
        settings += location.settings.filter {
            !["options", "client_encoding"].contains($0.keyword)
        }
        // Of an option that is given twice the last one counts.
        let all =
            options.map { "-c \($0)" }
            + [location["options"] ?? "", "-c search_path=\(location.schema)"]
        settings.append(("options", all.joined(separator: " ")))
        settings.append(("client_encoding", "UTF8"))
        return settings
    }

    private static func start(
        _ settings: [(keyword: String, value: String)]
    ) -> OpaquePointer? {
        // libpq wants two arrays of C strings, each ended by NULL.
        let keywords = unsafe settings.map { unsafe strdup($0.keyword) } + [nil]
        let values = unsafe settings.map { unsafe strdup($0.value) } + [nil]
        defer {
            unsafe (keywords + values).forEach { unsafe free($0) }
        }
        return unsafe PQconnectStartParams(
            keywords.map { unsafe UnsafePointer($0) },
            values.map { unsafe UnsafePointer($0) },
            0
        )
    }

    private static func connect(
        _ handle: OpaquePointer,
        _ location: PostgreSQLLocation,
        slices: Int
    ) throws(StoreError) {
        var slicesLeft = slices
        if let limit = location["connect_timeout"].flatMap({ Int($0) }), limit > 0 {
            slicesLeft = limit * 1000 / Int(sliceMilliseconds)
        }
        var state = PGRES_POLLING_WRITING
        while unsafe PQstatus(handle) != CONNECTION_BAD, state != PGRES_POLLING_OK {
            var entry = unsafe pollfd(fd: PQsocket(handle), events: 0, revents: 0)
            entry.events = Int16(state == PGRES_POLLING_READING ? POLLIN : POLLOUT)
            if unsafe poll(&entry, 1, sliceMilliseconds) > 0 {
                state = unsafe PQconnectPoll(handle)
                if state == PGRES_POLLING_FAILED { break }
            } else {
                slicesLeft -= 1
            }
            guard slicesLeft > 0, !Task.isCancelled else {
                throw StoreError(
                    .unavailable,
                    unsafe "\(name(of: handle)): the server does not answer; see that it runs, "
                        + "and that the host is right and lets connections through"
                )
            }
        }
        guard unsafe PQstatus(handle) == CONNECTION_OK else {
            let fault = unsafe fault(onConnecting: handle)
            // libpq reads the values of parameters only now.
            if fault.state == nil, fault.message.hasPrefix("invalid ") {
                throw StoreError(
                    .wrongURL,
                    unsafe "\(name(of: handle)): the URL has an \(fault.message); see the "
                        + "parameters of libpq's connection strings"
                )
            }
            throw unsafe fault.storeError(at: name(of: handle))
        }
    }

    /// Host, port and database: what the URL leaves out included, but no user and no password.
    private static func name(of handle: OpaquePointer) -> String {
        func text(_ value: UnsafeMutablePointer<CChar>?) -> String {
            unsafe value.map { unsafe String(cString: $0) } ?? ""
        }
        let (host, port) = unsafe (text(PQhost(handle)), text(PQport(handle)))
        let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        return unsafe "PostgreSQL at \(place), database \"\(text(PQdb(handle)))\""
    }

    private static func fault(onConnecting handle: OpaquePointer) -> ServerFailure {
        let text = unsafe String(cString: PQerrorMessage(handle))
        // "connection to server at … failed: FATAL:  28P01: password …\nLOCATION:  …"
        for line in text.split(whereSeparator: \.isNewline).reversed() {
            guard let place = line.firstRange(of: "FATAL:  ") else { continue }
            let said = line[place.upperBound...]
            guard said.dropFirst(5).hasPrefix(": ") else { continue }
            return ServerFailure(state: String(said.prefix(5)), message: String(said.dropFirst(7)))
        }
        let said = text.firstRange(of: " failed: ").map { String(text[$0.upperBound...]) } ?? text
        return ServerFailure(state: nil, message: said.onOneLine)
    }
}
