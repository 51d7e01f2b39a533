internal import GRDB
internal import Stages

extension SQLiteFile {
    /// What SQLite said, as a caller of a store takes it.
    static func storeError(_ error: any Error, _ location: SQLiteLocation) -> StoreError {
        if let error = error as? StoreError { return error }
        let path = location.path
        guard let error = error as? DatabaseError else {
            return StoreError(.unavailable, "\(path): \(error)")
        }
        let said = error.message ?? "code \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL:
            return StoreError(.full, "\(path) is full (\(said)); make room or raise max_pages")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StoreError(.busy, "\(path) is locked by another process; end that or wait")
        case .SQLITE_CANTOPEN:
            return StoreError(
                .unavailable,
                "\(path) cannot be opened (\(said)); see that its directory exists and is writable"
            )
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return StoreError(.readOnly, "\(path) is read-only; a run must be able to write to it")
        case .SQLITE_NOTADB:
            return StoreError(.wrongFormat, "\(path) is not a SQLite database; name another file")
        case .SQLITE_CORRUPT:
            return StoreError(.corrupted, "\(path) is damaged (\(said)); restore it or remove it")
        case .SQLITE_IOERR:
            return StoreError(
                .unavailable,
                "\(path) cannot be read or written (\(said)); see that its disk is well"
            )
        case .SQLITE_CONSTRAINT:
            return StoreError(
                .refused,
                "\(path) contradicts what it was given (\(said)); see that no other run writes "
                    + "to it"
            )
        default:
            return StoreError(.refused, "\(path) refused a statement: \(said)")
        }
    }
}
