internal import Commerce
internal import Documents
internal import Stages

// What a collector does to every event before anything of it is kept.
extension PipelineReader {
    func readConform(_ reader: NodeReader) -> ConformRules {
        var rules = ConformRules()
        guard let fields = reader.fields(PipelineKeys.conform) else { return rules }
        rules.currency = fields["currency"].flatMap { readCurrency($0) } ?? .none
        let names = fields["rename"]?.entries(expected: "names of events and what they are here")
        for (from, to) in names ?? [] {
            guard let name = from.text(), let own = to.text(expected: "the name of an event") else {
                continue
            }
            if rules.names.updateValue(own, forKey: name) != nil {
                from.mistake("'\(name)' is renamed twice; expected each name once")
            }
        }
        rules.traffic.bots = (fields["bots"]?.items() ?? []).compactMap {
            $0.text(expected: "a part of a User-Agent header")?.lowercased()
        }
        if let own = fields["internal"]?.fields(PipelineKeys.internalTraffic) {
            rules.traffic.internalUsers = (own["users"]?.items() ?? []).compactMap {
                $0.text(expected: "a user_id")
            }
            rules.traffic.internalSources = (own["sources"]?.items() ?? []).compactMap {
                $0.text(expected: "the name of a source")
            }
        }
        rules.personalData = (fields["personalData"]?.items() ?? []).compactMap {
            readPersonalData($0)
        }
        rules.secret = fields["secret"].flatMap { readSecret($0) }
        let hashes = rules.personalData.contains { $0.treatment == .hash }
        if hashes, fields["secret"] == nil {
            reader.mistake(
                "a digest of personal data needs a secret, or anybody can try out whose it is; "
                    + "expected secret: {env: NAME} or {file: PATH}"
            )
        }
        return rules
    }

    private func readPersonalData(_ reader: NodeReader) -> PersonalDataRule? {
        guard let fields = reader.fields(PipelineKeys.personalData),
            let place = fields["field"],
            let field = place.text(expected: "the name of a field, or a path such as data.email"),
            let treatment = fields["rule"]?.choice(of: PersonalDataRule.Treatment.self)
        else { return nil }
        let needed = ["id", "source", "specversion", "type", "time"]
        guard !needed.contains(field) || treatment == .hash && field == "id" else {
            place.mistake("'\(field)' is what an event is known by; no rule can hide it")
            return nil
        }
        let parts = field.split(separator: ".", omittingEmptySubsequences: false)
        guard !parts.contains(where: \.isEmpty), parts.count == 1 || parts[0] == "data" else {
            place.mismatch(expected: "the name of a field, or a path such as data.email")
            return nil
        }
        var rule = PersonalDataRule(field: field, treatment: treatment)
        if let keep = fields["keep"] {
            if treatment != .truncate { keep.mistake("'keep' is for the rule truncate") }
            rule.keep = keep.integer(in: 0...1000) ?? rule.keep
        }
        return rule
    }
}
