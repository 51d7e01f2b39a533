internal import Foundation
internal import Synchronization

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// Sends batches to a collector over HTTP.
final class TrackerConnection: Sendable {
    private let address: String
    private let key: String?
    private let timeout: Duration
    private let system: TrackerSystem
    private let session: URLSession
    private let answer = BatchAnswer()

    /// A connection to the collector of `options`; nil where these name none.
    init?(_ options: TrackerOptions, _ system: TrackerSystem) {
        guard let address = options.address else { return nil }
        self.address = address
        // Nothing else fits a header.
        key = options.key.flatMap { key in
            let key = key.trimmingCharacters(in: .newlines)
            return !key.isEmpty && key.utf8.allSatisfy { (33...126).contains($0) } ? key : nil
        }
        timeout = options.requestTimeout
        self.system = system
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest =
            Double(max(1, options.requestTimeout.components.seconds))
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        session = URLSession(configuration: configuration, delegate: answer, delegateQueue: nil)
    }

    /// Sends `body`, a batch of CloudEvents, and gives what came of it.
    func send(_ body: [UInt8]) async -> TrackerState.Outcome {
        guard let url = URL(string: address) else {
            return .failed("\(address) is no address", retryAfter: nil)
        }
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.setValue(
            "application/cloudevents-batch+json; charset=utf-8",
            forHTTPHeaderField: "Content-Type"
        )
        if let key { request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization") }
        if let packed = Gzip.packed(body) {
            request.setValue("gzip", forHTTPHeaderField: "Content-Encoding")
            request.httpBody = Data(packed)
        } else {
            request.httpBody = Data(body)
        }
        let task = session.dataTask(with: request)
        // A peer that answers byte by byte is always about to say more, which no timeout of the
        // session ends.
        let deadline = system.now() + timeout
        return await withTaskGroup { group in
            group.addTask { [system] in
                if (try? await system.sleep(deadline)) != nil { task.cancel() }
            }
            let outcome = await answer.outcome(of: task)
            group.cancelAll()
            return outcome
        }
    }

    /// Gives up what is under way, and sends nothing any more.
    func close() { session.invalidateAndCancel() }
}

/// Gathers the answer to the one request that is under way.
private final class BatchAnswer: NSObject, URLSessionDataDelegate {
    private struct Pending {
        var task: Int
        var body: [UInt8] = []
        var done: CheckedContinuation<TrackerState.Outcome, Never>
    }

    /// As much of an answer is read as a sentence has.
    private static let mostBytes = 4096

    private let pending = Mutex<Pending?>(nil)

    /// Starts `task` and waits for its end.
    func outcome(of task: URLSessionDataTask) async -> TrackerState.Outcome {
        await withCheckedContinuation { done in
            pending.withLock { $0 = Pending(task: task.taskIdentifier, done: done) }
            task.resume()
        }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isLong = pending.withLock { pending -> Bool in
            guard pending?.task == dataTask.taskIdentifier, let count = pending?.body.count else {
                return true
            }
            pending?.body += data.prefix(Self.mostBytes - count)
            return count + data.count > Self.mostBytes
        }
        // What was answered is known by its status.
        if isLong { dataTask.cancel() }
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        // The key is for the collector alone.
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didCompleteWithError error: (any Error)?
    ) {
        let ended = pending.withLock { pending -> Pending? in
            guard pending?.task == task.taskIdentifier else { return nil }
            defer { pending = nil }
            return pending
        }
        guard let ended else { return }
        let isLong = ended.body.count == Self.mostBytes
        guard error == nil || isLong, let response = task.response as? HTTPURLResponse else {
            let isLate = [.timedOut, .cancelled].contains((error as? URLError)?.code)
            let words = isLate ? "no whole answer in time" : "nothing answers"
            return ended.done.resume(returning: .failed(words, retryAfter: nil))
        }
        ended.done.resume(
            returning: TrackerState.Outcome(
                status: response.statusCode,
                retryAfter: response.value(forHTTPHeaderField: "Retry-After"),
                body: String(decoding: ended.body, as: UTF8.self)
            )
        )
    }
}

extension TrackerState.Outcome {
    /// What an answer means: 400, 401, 403, 404, 405, 413 and 415 are for good, all else but
    /// success is for now.
    ///
    /// `retryAfter` is in seconds; a date counts as none.
    package init(status: Int, retryAfter: String?, body: String) {
        let said = body.split(whereSeparator: \.isNewline).joined(separator: "; ")
        let words = "status \(status)" + (said.isEmpty ? "" : ": \(said)")
        switch status {
        case 200..<300: self = .accepted
        case 400: self = .refused(.malformed, words)
        case 401: self = .refused(.unauthorized, words)
        case 403, 404, 405, 415: self = .refused(.misaddressed, words)
        case 413: self = .refused(.tooLarge, words)
        default:
            let seconds = retryAfter.flatMap { UInt32($0) }
            self = .failed(words, retryAfter: seconds.map { .seconds(Int64($0)) })
        }
    }
}
