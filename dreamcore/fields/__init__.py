"""Neural fields and what lies behind them."""
