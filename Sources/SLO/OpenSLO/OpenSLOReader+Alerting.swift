internal import Documents

extension OpenSLOReader {
    func readAlertPolicy(_ reader: NodeReader?) -> OpenSLO.AlertPolicySpec {
        guard let fields = reader?.present(OpenSLOKeys.alertPolicy) else {
            return OpenSLO.AlertPolicySpec()
        }
        return OpenSLO.AlertPolicySpec(
            description: description(fields),
            alertWhenNoData: fields["alertWhenNoData"]?.flag() ?? false,
            alertWhenResolved: fields["alertWhenResolved"]?.flag() ?? false,
            alertWhenBreaching: fields["alertWhenBreaching"]?.flag() ?? false,
            condition: fields["conditions"].flatMap { readConditions($0) },
            notificationTargets: fields["notificationTargets"].map { readTargets($0) } ?? []
        )
    }

    private func readConditions(
        _ reader: NodeReader
    ) -> OpenSLO.Use<OpenSLO.AlertConditionSpec>? {
        let items = reader.items()
        let conditions = items.map {
            use($0, of: .alertCondition, reference: "conditionRef", readAlertCondition)
        }
        if case .list = reader.node.content, items.count != 1 {
            reader.mistake(
                "'conditions' has \(items.count) items; expected exactly one, and a policy more "
                    + "for each further condition"
            )
        }
        return conditions.first.flatMap { $0 }
    }

    private func readTargets(
        _ reader: NodeReader
    ) -> [OpenSLO.Use<OpenSLO.AlertNotificationTargetSpec>] {
        let items = reader.items()
        if case .list = reader.node.content, items.isEmpty {
            reader.mistake("'notificationTargets' is an empty list; expected at least one target")
        }
        return items.compactMap {
            use($0, of: .alertNotificationTarget, reference: "targetRef", readTarget)
        }
    }

    func readAlertCondition(_ reader: NodeReader?) -> OpenSLO.AlertConditionSpec {
        guard let fields = reader?.present(OpenSLOKeys.alertCondition) else {
            return OpenSLO.AlertConditionSpec()
        }
        var spec = OpenSLO.AlertConditionSpec(
            description: description(fields),
            severity: fields["severity"]?.locatedText(expected: "a severity such as page")
        )
        guard let condition = fields["condition"]?.present(OpenSLOKeys.condition) else {
            return spec
        }
        _ = condition["kind"]?.choice(from: [("burnrate", ())])
        spec.comparison = condition["op"]?.comparison()
        spec.threshold = condition["threshold"]?.decimal(expected: "a burn rate, from 0 on") {
            $0 >= .zero
        }
        spec.lookbackWindow = condition["lookbackWindow"]?.shorthand()
        if let after = condition["alertAfter"], !after.isZeroShorthand {
            spec.alertAfter = after.shorthand()
        }
        return spec
    }

    func readTarget(_ reader: NodeReader?) -> OpenSLO.AlertNotificationTargetSpec {
        let fields = reader?.present(OpenSLOKeys.alertNotificationTarget)
        return OpenSLO.AlertNotificationTargetSpec(
            description: description(fields),
            target: fields?["target"]?.locatedText(expected: "a target such as slack")
        )
    }
}
