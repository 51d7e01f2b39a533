import Datasets
import Documents
import Testing
import Timekeeping

/// Files of invariants, good and bad.
struct InvariantReaderTests {
    private static let header = """
        -- name: no-negative-counts
        -- severity: ticket
        -- owner: data
        -- grace: 10m
        -- description: Counts are never negative,
        --   whatever is refunded.

        """

    private static func read(_ text: String, path: String = "a.sql") -> InvariantSet {
        InvariantReader.read([(path, text)])
    }

    private static func mistakes(_ text: String, path: String = "a.sql") -> [String] {
        read(text, path: path).mistakes.map(\.description)
    }

    @Test func `a header and a query are an invariant`() throws {
        let set = Self.read(
            Self.header + "SELECT ';' AS subject, '--' AS detail -- done\n;  -- ends\n"
        )
        #expect(set.mistakes == [])
        let invariant = try #require(set.invariants.first)
        #expect(invariant.name == "no-negative-counts")
        #expect(invariant.severity == .ticket)
        #expect(invariant.owner == "data")
        #expect(invariant.grace == .seconds(600))
        #expect(invariant.description == "Counts are never negative, whatever is refunded.")
        #expect(invariant.dialect == nil)
        #expect(!invariant.query.text(cutoff: .distantPast).contains("\n;"))
    }

    @Test func `the cutoff is put in, but not into strings, comments and casts`() throws {
        let query = """
            SELECT a::text AS subject, ':cutoff_ns' AS detail -- :cutoff_ns
            FROM t /* :cutoff_ns */ WHERE t.b <= :cutoff_ns AND "c:cutoff_ns" = $q$ :x ; $q$
            """
        let invariant = try #require(Self.read(Self.header + query).invariants.first)
        let text = invariant.query.text(cutoff: Timestamp(nanoseconds: -5))
        #expect(text == Self.header + query.replacing("<= :cutoff_ns", with: "<= (-5)"))
        let asked = invariant.statement(asOf: Timestamp(seconds: 600))
        #expect(asked.contains("<= (0)"))
        #expect(asked.split(separator: "\n")[1] == "-- name: no-negative-counts")
    }

    @Test func `a mistake of columns names the line of the select that gives them`() throws {
        let text =
            Self.header + """
                WITH a AS (
                    SELECT 1 AS x
                )
                  SELECT x AS subject
                FROM a
                """
        let invariant = try #require(Self.read(text).invariants.first)
        // Six lines of header, and three of the query before it.
        #expect(invariant.place == "a.sql:10:3")
        #expect(
            QueryMistake(invariant, columns: ["subject"]).description
                == "a.sql:10:3: the query returns subject; expected the columns subject, detail"
        )
    }

    @Test func `one that needs a census offends by itself where there is none`() throws {
        let text = Self.header + "SELECT 1 AS subject, 2 AS detail"
        let plain = try #require(Self.read(text).invariants.first)
        let needy = try #require(Self.read("-- needs: census\n" + text).invariants.first)
        #expect(!plain.needsCensus && needy.needsCensus)
        #expect(!plain.statement(asOf: Timestamp(seconds: 0)).contains("raw_census"))
        let asked = needy.statement(asOf: Timestamp(seconds: 0))
        #expect(asked.contains("'no census'") && asked.contains("FROM raw_census"))
    }

    @Test func `a name that is there already is refused, and the others go on`() {
        let good = Self.header + "SELECT 1"
        let other = good.replacing("no-negative-counts", with: "other")
        let set = InvariantReader.read([
            ("b.sql", good), ("c.sql", good), ("d.sql", "SELECT"), ("e.sql", other),
        ])
        #expect(set.invariants.map(\.file) == ["b.sql", "e.sql"])
        let second = set.mistakes.filter { $0.file == "c.sql" }.map(\.description)
        #expect(
            second == [
                "c.sql:1:4: the name \"no-negative-counts\" is that of b.sql already; expected "
                    + "another one"
            ]
        )
        // The first file of the name is checked, so the name is not refused.
        #expect(set.refused.isEmpty)
    }

    @Test func `variants for two databases may share a name, and the name of a bad file is known`()
    {
        let good = Self.header + "SELECT 1"
        let set = InvariantReader.read([
            ("a.postgresql.sql", good), ("a.sqlite.sql", good),
            ("b.sql", good.replacing("no-negative-counts", with: "b") + ";x"),
        ])
        #expect(set.invariants.map(\.dialect) == [.postgresql, .sqlite])
        #expect(set.only(for: .sqlite).invariants.map(\.file) == ["a.sqlite.sql"])
        #expect(set.refused.map(\.name) == ["b"])
        #expect(set.refused.first?.reason.hasPrefix("b.sql:7:10:") == true)
    }
}
