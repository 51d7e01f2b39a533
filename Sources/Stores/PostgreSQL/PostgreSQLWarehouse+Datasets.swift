package import Datasets
internal import Stages
package import Timekeeping

extension PostgreSQLWarehouse: DatasetCatalogue {
    package var catalogue: (any DatasetCatalogue)? { self }

    package func register(
        _ definitions: [DatasetDefinition],
        at now: Timestamp
    ) async throws {
        try await lookups.run { line throws(StoreError) in
            try line.execute("BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)")
            for definition in definitions {
                try CatalogueRows(line).register(definition, at: now)
            }
            try line.execute("COMMIT")
        }
    }

    package func append(_ draft: DataBlockDraft) async throws {
        // Over the reports' connection: what the stages look up does not wait for the lock.
        try await reports.run { line throws(StoreError) in
            try line.execute("BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)")
            try CatalogueRows(line).append(draft)
            try line.execute("COMMIT")
        }
    }

    package func datasets() async throws -> [DatasetRecord] {
        try await reports.run { [flaws] line throws(StoreError) in
            try line.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            let records = try CatalogueRows(line).records(notingIn: flaws)
            try line.execute("COMMIT")
            return records
        }
    }

    package func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int
    ) async throws -> [MetadataBlock] {
        try await reports.run { [flaws] line throws(StoreError) in
            try CatalogueRows(line)
                .blocks(of: dataset, from: sequence, atMost: limit, notingIn: flaws)
        }
    }
}
