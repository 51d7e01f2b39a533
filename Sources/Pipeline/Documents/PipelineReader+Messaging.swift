internal import Broker
internal import Commerce
internal import Documents

extension PipelineReader {
    mutating func readTopic(_ reader: NodeReader) -> PipelineDocument.Topic? {
        guard let fields = reader.fields(PipelineKeys.topic) else { return nil }
        let name = declare(fields["name"], in: \.topics)
        return PipelineDocument.Topic(
            name: name,
            owner: use(fields["owner"], of: \.owners)?.name,
            messageRetention: fields["messageRetentionDuration"]?.duration(in: Self.retention)
        )
    }

    mutating func readSubscription(_ reader: NodeReader) -> PipelineDocument.Subscription? {
        guard let fields = reader.fields(PipelineKeys.subscription) else { return nil }
        let name = declare(fields["name"], in: \.subscriptions)
        let topic = use(fields["topic"], of: \.topics)
        var result = PipelineDocument.Subscription(name: name, topic: topic?.name ?? "")
        result.owner = use(fields["owner"], of: \.owners)?.name
        if let seconds = fields["ackDeadlineSeconds"]?.integer(in: 10...600) {
            result.policy.ackDeadline = .seconds(seconds)
        }
        result.policy.isOrdered = fields["enableMessageOrdering"]?.flag() ?? false
        result.filter = fields["filter"].flatMap { readFilter($0) }
        if let retention = fields["messageRetentionDuration"]?.duration(in: Self.retention) {
            result.policy.retention = retention
        }
        result.policy.retainsAcked = fields["retainAckedMessages"]?.flag() ?? false
        if let policy = fields["retryPolicy"] {
            readRetryPolicy(policy, into: &result)
        }
        if let policy = fields["deadLetterPolicy"]?.fields(PipelineKeys.deadLetterPolicy),
            let attempts = policy["maxDeliveryAttempts"]?.integer(in: 1...100)
        {
            result.policy.maximumAttempts = attempts
        }
        if let control = fields["flowControl"]?.fields(PipelineKeys.flowControl) {
            readFlowControl(control, into: &result)
        }
        return result
    }

    /// As short as a test needs it, and as long as anyone replays.
    private static var retention: ClosedRange<Duration> { .seconds(1)...(.seconds(366 * 86_400)) }

    private func readRetryPolicy(
        _ reader: NodeReader,
        into result: inout PipelineDocument.Subscription
    ) {
        guard let policy = reader.fields(PipelineKeys.retryPolicy) else { return }
        let range = Duration.zero...(.seconds(600))
        if let backoff = policy["minimumBackoff"]?.duration(in: range) {
            result.policy.minimumBackoff = backoff
        }
        if let backoff = policy["maximumBackoff"]?.duration(in: range) {
            result.policy.maximumBackoff = backoff
        }
        guard result.policy.minimumBackoff > result.policy.maximumBackoff else { return }
        let minimum = DurationText.write(result.policy.minimumBackoff)
        let maximum = DurationText.write(result.policy.maximumBackoff)
        (policy["minimumBackoff"] ?? reader).mistake(
            "the minimum backoff, \(minimum), is longer than the maximum, \(maximum); expected "
                + "it to be at most that"
        )
    }

    private func readFlowControl(
        _ control: FieldReader,
        into result: inout PipelineDocument.Subscription
    ) {
        if let messages = control["maxOutstandingMessages"]?.integer(in: 1...1_000_000_000) {
            result.policy.maximumMessages = messages
        }
        if let bytes = control["maxOutstandingBytes"]?.bytes(in: 1024...(1 << 40)) {
            result.policy.maximumBytes = bytes
        }
        if let policy = control["whenFull"]?.choice(
            of: SubscriptionPolicy.WhenFull.self
        ) {
            result.policy.whenFull = policy
        }
    }

    private func readFilter(_ reader: NodeReader) -> AttributeFilter? {
        if case .scalar(let text, false) = reader.node.content, AttributeFilter.isEmpty(text) {
            return nil
        }
        let expected = "a filter such as attributes.type = \"purchase\""
        guard let text = reader.text(expected: expected) else { return nil }
        do {
            return try AttributeFilter(parsing: text, attributes: Batch.attributeNames)
        } catch {
            if var place = reader.node.textPlace {
                place.column += error.column - 1
                log.add("in 'filter': \(error.message)", at: place)
            } else {
                reader.mistake("in 'filter', at its character \(error.column): \(error.message)")
            }
            return nil
        }
    }
}
