import Foundation

/// The commands that fill, read and write stores which are damaged.
enum HostileStores {
    /// The URLs of the files in `folder`.
    static func sqlite(in folder: String) -> (raw: String, warehouse: String) {
        ("sqlite:\(folder)/raw.sqlite", "sqlite:\(folder)/warehouse.sqlite")
    }

    /// Two small runs, a deployment and a census, so that tables have rows.
    static func fill(
        raw: String,
        warehouse: String,
        in folder: String,
        _ child: HostileChild
    ) async throws {
        try Data(HostileDocument.stored().utf8).write(to: URL(filePath: "\(folder)/stored.yaml"))
        try Data(HostileLog.events(60).utf8).write(to: URL(filePath: "\(folder)/log.ndjson"))
        let stores = ["--raw", raw, "--warehouse", warehouse]
        let run = ["run", "\(folder)/stored.yaml"] + stores
        await child.prepare(run + ["--events", "150", "--rate", "max"])
        await child.prepare(run + ["--input", "\(folder)/log.ndjson"])
        await child.prepare(
            ["deploy", "mark", "--version", "v1", "--settle", "1h", "--warehouse", warehouse]
        )
        await child.prepare(["invariants", "refresh"] + stores)
    }

    /// The commands that read `table`.
    static func readers(of table: String, raw: String, warehouse: String) -> [[String]] {
        let here = ["--warehouse", warehouse]
        let slo = [
            ["slo", "status"] + here,
            ["slo", "report", "--format", "json"] + here,
            ["slo", "report", "--format", "html", "--window", "30d"] + here,
            ["slo", "explain", "message-success"] + here,
            ["slo", "export"] + here,
            ["slo", "replay", "--window", "1h"] + here,
        ]
        let datasets = [
            ["datasets", "list"] + here,
            ["datasets", "show", "events", "--verify"] + here,
            ["datasets", "show", "analytics", "--verify", "--format", "json"] + here,
        ]
        let check = [["invariants", "check"] + here, ["invariants", "show"] + here]
        let census = [["invariants", "check", "--raw", raw] + here]
        let deploy = [["deploy", "list"] + here]
        if table.hasPrefix("sli_") { return slo }
        if table.hasPrefix("dataset_") { return datasets + check }
        if table == "deployments" { return deploy + slo }
        return ["sources", "raw_events", "events"].contains(table) ? census : check + census
    }

    /// Commands that read stores and go on with them.
    static func writers(raw: String, warehouse: String, in folder: String) -> [[String]] {
        let here = ["--warehouse", warehouse]
        let stores = ["--raw", raw] + here
        let run = ["run", "\(folder)/stored.yaml"] + stores
        return [
            run + ["--events", "60", "--rate", "max"],
            run + ["--input", "\(folder)/log.ndjson"],
            ["invariants", "refresh"] + stores,
            ["deploy", "mark", "--version", "v2", "--settle", "1h"] + here,
        ]
    }
}
