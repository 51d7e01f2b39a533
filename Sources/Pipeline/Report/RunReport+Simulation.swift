internal import Reports

extension RunReport {
    /// That it was a simulation, and all that it takes to repeat it; nothing for a run in real
    /// time.
    var simulationFacts: [Fact] {
        guard let simulation else { return [] }
        let tick = ReportNumbers.duration(seconds: simulation.tickSeconds)
        return [
            Fact("simulated", Cell("\(simulation.from) to \(simulation.to), in virtual time")),
            Fact("tick", Cell("\(tick): events gather so long, which is part of every latency")),
            Fact(
                "kept",
                Cell(
                    simulation.keepsRawEvents
                        ? "raw events, aggregates and exceptions"
                        : "aggregates and exceptions; raw events are counted, not kept"
                )
            ),
            Fact("digest", Cell(simulation.digest)),
            Fact("replay", Cell(simulation.replay)),
        ]
    }
}
