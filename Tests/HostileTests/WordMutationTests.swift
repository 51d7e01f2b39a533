import Foundation
import MongoDBStores
import PostgreSQLStores
import Reports
import SQLStores
import SQLiteStores
import Testing
import Timekeeping
import weir

/// What somebody types is damaged, and parsed: options of every kind, and the places of stores.
@Suite(.serialized) struct WordMutationTests {
    @Test func `no damage to an option makes the command line trap, hang or grow`() async {
        var run = HostileRun("options", seconds: 4)
        while let share = run.share() {
            await #expect(processExitsWith: .success) { [share = share as HostileShare] in
                let child = HostileChild(share)
                await child.work { _, chance in
                    var words = chance.one(of: WordMutationTests.commands)
                    let place = chance.index(words.count - 1) + 1
                    words[place] = TextMutator.word(words[place], &chance)
                    child.note(words.joined(separator: " "))
                    _ = CommandRun.isCommand(words)
                }
            }
            run.conclude()
        }
    }

    @Test func `no damage to a store's place makes its readers trap, hang or grow`() async {
        var run = HostileRun("places", seconds: 4)
        while let share = run.share() {
            await #expect(processExitsWith: .success) { [share = share as HostileShare] in
                let child = HostileChild(share)
                await child.work { _, chance in
                    let place = TextMutator.word(chance.one(of: WordMutationTests.places), &chance)
                    child.note(place)
                    _ = SQLiteLocation(url: place)
                    _ = try? MongoDBLocation(url: place)
                    _ = try? PostgreSQLLocation(url: place)
                    _ = SecretText.masked(place)
                    _ = SecretText.masked(value: place)
                }
            }
            run.conclude()
        }
    }

    private static let commands = [
        "run p.yaml --rate 1.5k --duration 1h30m --events 1000 --seed 7",
        "run p.yaml --input a.csv --speed 2.5 --max-rejected 5% --raw memory: --report r.html",
        "run p.yaml --serve 127.0.0.1:9100 --linger 30s --invariants-every 1m --log-level info",
        "simulate p.yaml --for 2w --start 2026-01-01T00:00:00Z --rate 20 --tick 10ms --seeds 3",
        "simulate p.yaml --set spec.traffic.users=10 --scenario s.yaml --interleaving 4",
        "capacity p.yaml --from 1000 --probe 10s --precision 0.1 --confirm 2 --vary a.b=1",
        "slo report --objectives slo --slice 1m --window 30d --as-of 2026-06-01T00:00:00Z",
        "slo replay --history a.csv --window 1.5h --objective a --format json",
        "invariants check --warehouse sqlite:w --raw sqlite:r --timeout 2s --invariants i",
        "deploy mark --version v1 --settle 1h --warehouse postgresql://u:p@h:5432/d?sslmode=on",
        "serve --address [::1]:9100 --objectives slo --warehouse sqlite:w --console-token-file t",
    ].map { $0.split(separator: " ").map(String.init) }

    private static let places = [
        "sqlite:.weir/raw.sqlite?max_pages=100", "memory:", "sqlite:file:x?mode=memory",
        "mongodb://user:pass%40word@one:27017,two:27018/shop?replicaSet=r&tls=true&appName=@a@",
        "mongodb+srv://user@cluster.example.com/shop?retryWrites=true&w=majority",
        "postgresql://user:secret@host:5432/shop?schema=weir&sslmode=verify-full",
        "host=localhost port=5432 dbname=shop user=me password='it''s' options='-c x=y'",
        "postgres://%2Fvar%2Frun%2Fpostgresql/shop", "postgresql:///shop?host=/tmp",
    ]
}
