import PostgreSQLStores
import Storage
import Testing

struct ServerFailureTests {
    private func error(_ state: String?, _ message: String = "said") -> StoreError {
        ServerFailure(state: state, message: message).storeError(at: "PostgreSQL at h:1")
    }

    @Test(arguments: [
        // Whose answer may be another one in a moment.
        ("08006", StoreError.Code.unavailable), ("08001", .unavailable), ("57P01", .unavailable),
        ("57P02", .unavailable), ("57P03", .unavailable), ("57P05", .unavailable),
        ("58030", .unavailable), ("53300", .busy), ("53200", .busy), ("53000", .busy),
        ("40001", .busy), ("40P01", .busy), ("55P03", .busy), ("57014", .busy), ("25P03", .busy),
        ("53100", .full),
        // Whose is the same until a person acts.
        ("25006", .readOnly), ("28P01", .refused), ("28000", .refused), ("3D000", .refused),
        ("3F000", .refused), ("42501", .refused), ("42P01", .refused), ("22003", .refused),
        ("23505", .refused), ("54000", .refused), ("0A000", .refused), ("99999", .refused),
        ("XX000", .refused), ("XX001", .corrupted), ("XX002", .corrupted),
    ])
    func `an SQLSTATE says what a caller decides on`(state: String, code: StoreError.Code) {
        #expect(error(state).code == code)
        #expect(error(state).message.hasPrefix("PostgreSQL at h:1: said; "))
        #expect(error(state).message.count > 30)
    }

    @Test(arguments: [
        "server does not support SSL, but SSL was required", "SSL error: certificate verify failed",
        #"root certificate file "/no" does not exist"#, "fe_sendauth: no password supplied",
        #"invalid sslmode value: "maybe""#,
    ])
    func `what libpq finds wrong itself is not tried again`(message: String) {
        #expect(error(nil, message).code == .refused)
    }

    @Test(arguments: [
        "Connection refused", "timeout expired", "server closed the connection unexpectedly",
        #"could not translate host name "nowhere" to address: Name or service not known"#, "",
    ])
    func `a server that cannot be reached may come back`(message: String) {
        #expect(error(nil, message).code == .unavailable)
        #expect(error(nil, message).isTransient)
    }
}
