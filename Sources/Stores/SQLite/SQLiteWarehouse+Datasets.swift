package import Datasets
internal import GRDB
internal import Stages
package import Timekeeping

extension SQLiteWarehouse: DatasetCatalogue {
    package var catalogue: (any DatasetCatalogue)? { self }

    package func register(
        _ definitions: [DatasetDefinition],
        at now: Timestamp
    ) async throws {
        try await file.write { [path = file.location.path] database in
            for definition in definitions {
                try CatalogueRows(database, path).register(definition, at: now)
            }
        }
    }

    package func append(_ draft: DataBlockDraft) async throws {
        try await file.write { [path = file.location.path] database in
            try CatalogueRows(database, path).append(draft)
        }
    }

    package func datasets() async throws -> [DatasetRecord] {
        try await file.read { [file] database in
            try CatalogueRows(database, file.location.path).records(notingIn: file.flaws)
        }
    }

    package func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int
    ) async throws -> [MetadataBlock] {
        try await file.read { [file] database in
            try CatalogueRows(database, file.location.path)
                .blocks(of: dataset, from: sequence, atMost: limit, notingIn: file.flaws)
        }
    }
}
