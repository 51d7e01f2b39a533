internal import Foundation
internal import Synchronization
internal import Timekeeping

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// One question over HTTP and its answer, which is bounded in size and in time.
struct HTTPExchange: Sendable {
    /// Why there is no answer.
    enum Failure: Error {
        /// No one answers there, or the connection was closed before the end of the answer.
        case unreachable
        /// The answer was not whole in time.
        case late
        /// The answer has more bytes than are read.
        case tooLarge
    }

    /// For an answer, from the question to its last byte.
    static let patience = Duration.seconds(30)

    /// An answer with more bytes is not read.
    var mostBytes: Int

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

    /// Posts `form` to `url`; gives the status and the body of the answer.
    func post(
        _ form: String,
        to url: URL,
        bearerToken: String?
    ) async throws(Failure) -> (status: Int, body: [UInt8]) {
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        if let bearerToken {
            request.setValue("Bearer \(bearerToken)", forHTTPHeaderField: "Authorization")
        }
        request.httpBody = Data(form.utf8)
        let task = Self.session.dataTask(with: request)
        // Whoever sends byte by byte is always about to send more, which no timeout of the
        // session ends.
        let timeline = RealTimeline()
        let deadline = timeline.now + Self.patience
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
