internal import Broker
internal import Commerce
internal import Storage
internal import Timekeeping

/// Folds the writes of the stages into a digest, with the answers to them.
struct StoreWitness: StoreLayer {
    let digest: RunDigest

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        guard call.kind == .write else { return try await next(&call) }
        let answer: Answer
        do throws(StoreError) {
            answer = try await next(&call)
        } catch {
            digest.note(.failed) { $0.add(error.label) }
            throw error
        }
        note(call)
        return answer
    }

    private func note(_ call: StoreCall) {
        switch call.operation {
        case .store(let writes):
            digest.note(.stored) { sum in
                for write in writes {
                    sum.add(write.publication.firstPosition)
                    sum.add(write.selection)
                }
                sum.add(call.outcome?.stored ?? 0)
                sum.add(call.outcome?.duplicates ?? 0)
            }
        case .commit(let commit): digest.note(.committed) { $0.add(commit) }
        case .storeDeadLetters(let letters):
            digest.note(.deadLettersKept) { sum in
                for letter in letters {
                    sum.add(letter.subscription)
                    sum.add(letter.publication.position(at: letter.place))
                    sum.add(letter.attempts)
                    sum.add(letter.reason.label)
                }
            }
        default: break
        }
    }
}

extension DigestSum {
    /// Adds a commit; its rows come in a fixed order.
    fileprivate mutating func add(_ commit: WarehouseCommit) {
        add(commit.subscription)
        add(commit.number)
        for (key, delta) in commit.cells {
            add(key.category.bits ^ UInt64(key.currency.bits) << 32)
            add(key.start.nanoseconds ^ Int64(key.grain.order) << 56)
            add(delta.total &+ delta.units &* 3 &+ delta.orderParts &* 5)
            add(delta.revenue &- delta.refunded &* 3)
        }
        for (key, events) in commit.custom {
            add(commit.symbols.text(of: key.name))
            add(key.start.nanoseconds ^ Int64(key.grain.order) << 56)
            add(events)
        }
        for (key, delta) in commit.products {
            add(key.product.bits ^ UInt64(key.currency.bits) << 32)
            add(key.start.nanoseconds)
            add(delta.views &+ delta.orders &* 3 &+ delta.units &* 5)
            add(delta.revenue)
        }
        for (key, added) in commit.sketches {
            add(key.category.bits ^ UInt64(key.measure.place) << 56)
            add(key.start.nanoseconds ^ Int64(key.grain.order) << 56)
            add(added.count)
            add(added.reduce(0, &+))
        }
        for late in commit.late {
            add(late.publication.position(at: late.place))
        }
        for event in commit.counted {
            add(event.identity.high)
            add(event.identity.low ^ event.content)
        }
        for order in commit.orders {
            add(order.high)
            add(order.low)
        }
        for event in commit.uncounted {
            add(event.publication.position(at: event.place))
            add(event.reason.rawValue)
        }
        for progress in commit.progress {
            add(progress.stream)
            add(progress.consumed.count)
            add(progress.watermark.nanoseconds)
        }
    }
}
