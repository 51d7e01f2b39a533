internal import CMongoc

/// libmongoc's pool of connections to one deployment, which also watches its servers.
///
/// Every call may wait for the network: none belongs on a thread that runs tasks.
// Sendable without the compiler's proof: the pool is the part of libmongoc that threads may share.
@safe final class DriverPool: @unchecked Sendable {
    private let handle: OpaquePointer

    /// A pool that has not connected to anything yet.
    init(_ uri: DriverURI) throws(DriverFailure) {
        var handle: OpaquePointer?
        unsafe try DriverFailure.check { error in
            unsafe handle = unsafe mongoc_client_pool_new_with_error(uri.handle, error)
            return unsafe handle != nil
        }
        guard let handle = unsafe handle else {
            throw DriverFailure(.driver, code: 0, "the driver made no pool")
        }
        unsafe self.handle = unsafe handle
        // Version 2 keeps the server's own error codes.
        unsafe mongoc_client_pool_set_error_api(handle, 2)
        unsafe mongoc_client_pool_max_size(handle, UInt32(uri.connectionLimit))
    }

    deinit {
        unsafe mongoc_client_pool_destroy(handle)
    }

    /// Takes a client; waits where all are taken.
    func takeClient() -> OpaquePointer? {
        unsafe mongoc_client_pool_pop(handle)
    }

    /// Gives a client back, which must not be used afterwards.
    func giveBack(_ client: OpaquePointer) {
        unsafe mongoc_client_pool_push(handle, client)
    }
}
