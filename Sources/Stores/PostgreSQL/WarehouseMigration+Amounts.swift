extension WarehouseMigration {
    /// Minor units of four decimals, beside those of none, two and three.
    static let amounts = """
        CREATE OR REPLACE FUNCTION weir_amount(minor_units numeric, currency text) RETURNS numeric
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE
                WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG',
                    'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN minor_units
                WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')
                    THEN round(minor_units * 0.001, 3)
                WHEN currency IN ('CLF', 'UYW') THEN round(minor_units * 0.0001, 4)
                ELSE round(minor_units * 0.01, 2)
            END
            $$;
        """
}
