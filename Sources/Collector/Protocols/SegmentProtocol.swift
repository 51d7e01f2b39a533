internal import Commerce
internal import HTTPTypes
internal import Timekeeping

/// The tracking API of Segment, which RudderStack has as well: `/v1/track` and the other calls,
/// and `/v1/batch`.
///
/// A `track` is an event; `identify`, `page`, `screen`, `group` and `alias` are understood, and are
/// no events of a shop.
package struct SegmentProtocol: ClientProtocol {
    private static let prefix = "/v1/"
    /// Of a call, alone or in a batch.
    private static let callLimit = 32 * 1024
    /// Of a batch.
    ///
    /// Segment takes 500 kB and RudderStack 4 MiB; which of them a client was made
    /// for it does not say, so the larger holds for both.
    private static let batchLimit = 4 * 1024 * 1024
    private static let batchCountLimit = 2500

    private let mint: IdentityMint

    /// The protocol; events without a message id get one of `mint`.
    package init(mint: IdentityMint) {
        self.mint = mint
    }

    package var name: String { "segment" }

    package var bodyLimit: Int { SegmentProtocol.batchLimit }

    package func takes(_ request: CollectorRequest) -> Bool {
        guard request.method == "POST", request.path.hasPrefix(SegmentProtocol.prefix) else {
            return false
        }
        let kind = SegmentProtocol.kind(of: request)
        return kind == "batch" || SegmentCall.kinds.contains(kind)
    }

    package func key(of request: CollectorRequest) -> String? {
        let parts = (request.fields[.authorization] ?? "").split(separator: " ", maxSplits: 1)
        if parts.count == 2 {
            switch parts[0].lowercased() {
            case "basic":
                // The user of `user:password`; the password is empty.
                let user = parts[1].decodedBase64?.prefix { $0 != UInt8(ascii: ":") } ?? []
                if !user.isEmpty { return String(decoding: user, as: UTF8.self) }
            case "bearer": return String(parts[1])
            default: break
            }
        }
        guard let body = try? JSONTree(body: request.body), let key = body["writeKey"]?.text,
            !key.isEmpty
        else { return nil }
        return key
    }

    package func read(
        _ request: CollectorRequest,
        from source: String
    ) throws(RequestRefusal) -> CollectedRequest {
        let kind = SegmentProtocol.kind(of: request)
        let limit = kind == "batch" ? SegmentProtocol.batchLimit : SegmentProtocol.callLimit
        guard request.body.count <= limit else {
            throw SegmentProtocol.tooLarge(
                "the body has \(request.body.count) bytes; a \(kind) may have \(limit)"
            )
        }
        let body: JSONTree
        do throws(RejectionReason) {
            body = try JSONTree(body: request.body)
        } catch {
            throw RequestRefusal(status: 400, reason: "not-json", message: "\(error)")
        }
        guard body.isObject else {
            throw RequestRefusal(
                status: 400,
                reason: "wrong-type",
                message: "the body is no JSON object"
            )
        }
        var collected = CollectedRequest()
        guard kind == "batch" else {
            take(body, kind, in: nil, at: 0, of: request, source, &collected)
            return collected
        }
        guard let calls = body["batch"]?.elements else {
            throw RequestRefusal(
                status: 400,
                reason: "batch-missing",
                message: "batch: expected an array of calls"
            )
        }
        guard calls.count <= SegmentProtocol.batchCountLimit else {
            throw SegmentProtocol.tooLarge(
                "batch has \(calls.count) calls; at most \(SegmentProtocol.batchCountLimit) "
                    + "are taken"
            )
        }
        let mayHaveLargeCalls = request.body.count > SegmentProtocol.callLimit
        for (place, call) in calls.enumerated() {
            if mayHaveLargeCalls, call.json.utf8.count > SegmentProtocol.callLimit {
                collected.refused.append(
                    RefusedEvent(
                        place: place,
                        field: nil,
                        reason: "too-large",
                        message: "a call may have \(SegmentProtocol.callLimit) bytes",
                        event: SegmentCall(call, in: nil, place: place, received: request.received)
                            .outline(from: source, mint)
                    )
                )
            } else {
                take(call, call["type"]?.text, in: body, at: place, of: request, source, &collected)
            }
        }
        return collected
    }

    package func answer(to collected: CollectedRequest) -> CollectorAnswer {
        // Exactly 200: RudderStack's clients send again after any other answer.
        .json(200, #"{"success":true}"#)
    }

    package func answer(to refusal: RequestRefusal) -> CollectorAnswer {
        refusal.jsonAnswer
    }

    private static func kind(of request: CollectorRequest) -> String {
        String(request.path.dropFirst(prefix.count))
    }

    private static func tooLarge(_ message: String) -> RequestRefusal {
        RequestRefusal(status: 413, reason: "too-large", message: message)
    }

    private func take(
        _ call: JSONTree,
        _ kind: String?,
        in batch: JSONTree?,
        at place: Int,
        of request: CollectorRequest,
        _ source: String,
        _ collected: inout CollectedRequest
    ) {
        guard call.isObject, let kind, SegmentCall.kinds.contains(kind) else {
            collected.refused.append(
                RefusedEvent(
                    place: place,
                    field: "type",
                    reason: "call-type",
                    message: "type: expected one of "
                        + SegmentCall.kinds.sorted().joined(separator: ", "),
                    event: SegmentCall(call, in: nil, place: place, received: request.received)
                        .outline(from: source, mint)
                )
            )
            return
        }
        guard kind == "track" else {
            collected.ignored.append(kind)
            return
        }
        let call = SegmentCall(call, in: batch, place: place, received: request.received)
        do throws(SegmentFault) {
            collected.events.append(try call.event(from: source, mint))
        } catch {
            var refused = error.refused
            refused.event = call.outline(from: source, mint)
            collected.refused.append(refused)
        }
    }
}

extension Substring {
    /// The bytes that it writes in base64 (RFC 4648, with or without padding); nil where it is
    /// something else.
    fileprivate var decodedBase64: [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        let digits = utf8.reversed().drop { $0 == UInt8(ascii: "=") }.reversed()
        for byte in digits {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte + 4
            case UInt8(ascii: "+"), UInt8(ascii: "-"): digit = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): digit = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(digit)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return count < 6 ? bytes : nil
    }
}
