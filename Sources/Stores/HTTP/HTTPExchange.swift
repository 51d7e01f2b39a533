package import Foundation
internal import Synchronization
internal import Timekeeping

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// One question over HTTP and its answer, which is bounded in size and in time.
package struct HTTPExchange: Sendable {
    /// Why there is no answer.
    package enum Failure: Error {
        /// No one answers there, or the connection was closed before the end of the answer.
        case unreachable
        /// The answer was not whole in time.
        case late
        /// The answer has more bytes than are read.
        case tooLarge
    }

    /// For an answer, from the question to its last byte.
    package static let patience = Duration.seconds(30)

    /// What is sent with a question.
    package struct Body: Sendable {
        var bytes: [UInt8]
        var type: String

        /// `text`, of the media type `type`.
        package init(_ text: String, type: String) {
            bytes = Array(text.utf8)
            self.type = type
        }
    }

    /// An answer with more bytes is not read.
    private let mostBytes: Int
    /// For an answer, from the question to its last byte.
    private let patience: Duration

    /// An exchange whose answer may have `mostBytes`, and take as long as `patience`.
    package init(mostBytes: Int, patience: Duration = HTTPExchange.patience) {
        self.mostBytes = mostBytes
        self.patience = patience
    }

    /// One session for all servers, to the end of the process.
    ///
    /// It keeps nothing of an exchange and follows no redirection.
    private static let (session, answers) = {
        let answers = Answers()
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 10
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        return (
            URLSession(configuration: configuration, delegate: answers, delegateQueue: nil), answers
        )
    }()

    /// Asks `url` by `method`; gives the status and the body of the answer.
    package func ask(
        _ method: String,
        _ url: URL,
        bearerToken: String?,
        _ body: Body? = nil
    ) async throws(Failure) -> (status: Int, body: [UInt8]) {
        var request = URLRequest(url: url)
        request.httpMethod = method
        if let bearerToken {
            request.setValue("Bearer \(bearerToken)", forHTTPHeaderField: "Authorization")
        }
        if let body {
            request.setValue(body.type, forHTTPHeaderField: "Content-Type")
            request.httpBody = Data(body.bytes)
        }
        let task = Self.session.dataTask(with: request)
        // A peer that sends byte by byte is always about to send more, which no timeout of the
        // session ends.
        let timeline = RealTimeline()
        let deadline = timeline.now + patience
        let result = await withTaskGroup { [mostBytes] group in
            group.addTask { () -> Result<Answers.Answer, Failure> in
                try? await timeline.sleep(until: deadline)
                return .failure(.late)
            }
            group.addTask { await Self.answers.answer(to: task, mostBytes: mostBytes) }
            let result = await group.next()
            group.cancelAll()
            return result ?? .failure(.late)
        }
        let answer = try result.get()
        return (answer.status, answer.body)
    }
}

extension HTTPExchange {
    /// `text` as a value of a query or a form.
    package static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~":
                escaped.unicodeScalars.append(scalar)
            default:
                escaped += "%" + byte.text(width: 2, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}

/// Gathers the answers of a session's tasks.
private final class Answers: NSObject, URLSessionDataDelegate {
    struct Answer: Sendable {
        var status = 0
        var body: [UInt8] = []
    }

    private struct Pending {
        var answer = Answer()
        var mostBytes: Int
        var done: CheckedContinuation<Result<Answer, HTTPExchange.Failure>, Never>
    }

    /// By the identifier of the task, which the session gives to none of its other tasks.
    private let pending = Mutex<[Int: Pending]>([:])

    /// Starts `task` and waits for its end; a cancelled wait cancels the task.
    func answer(
        to task: URLSessionDataTask,
        mostBytes: Int
    ) async -> Result<Answer, HTTPExchange.Failure> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { done in
                pending.withLock {
                    $0[task.taskIdentifier] = Pending(mostBytes: mostBytes, done: done)
                }
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
    }

    private func end(
        _ task: URLSessionTask,
        _ result: (Answer) -> Result<Answer, HTTPExchange.Failure>
    ) {
        let ended = pending.withLock { $0.removeValue(forKey: task.taskIdentifier) }
        guard let ended else { return }
        ended.done.resume(returning: result(ended.answer))
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isTooLarge = pending.withLock { pending in
            guard let waiting = pending[dataTask.taskIdentifier],
                waiting.answer.body.count + data.count <= waiting.mostBytes
            else { return true }
            pending[dataTask.taskIdentifier]?.answer.body += data
            return false
        }
        guard isTooLarge else { return }
        end(dataTask) { _ in .failure(.tooLarge) }
        dataTask.cancel()
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didCompleteWithError error: (any Error)?
    ) {
        let isLate = (error as? URLError)?.code == .timedOut
        let status = (task.response as? HTTPURLResponse)?.statusCode
        end(task) { answer in
            if error == nil, let status {
                return .success(Answer(status: status, body: answer.body))
            }
            return .failure(isLate ? .late : .unreachable)
        }
    }
}
