internal import CPostgres
internal import Storage

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
        // A little less than ours, so that a slow statement is told from a dead server; and a
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
            throw unsafe fault(onConnecting: handle).storeError(at: name(of: handle))
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
