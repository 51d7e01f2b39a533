internal import Reports

extension ReportDocument.Fact {
    /// The fact with its remark in its value, since Markdown shows no remarks.
    var whole: ReportDocument.Fact {
        guard !remark.isEmpty else { return self }
        return ReportDocument.Fact(name, .init("\(value.text) (\(remark))", value.mark))
    }
}

extension ReportDocument.Section {
    /// The section with every remark in its value.
    var whole: ReportDocument.Section {
        let blocks = blocks.map { block -> ReportDocument.Block in
            if case .facts(let facts) = block { .facts(facts.map(\.whole)) } else { block }
        }
        return ReportDocument.Section(title: title, blocks: blocks)
    }
}
