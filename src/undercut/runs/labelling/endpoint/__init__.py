"""Any OpenAI-compatible chat endpoint as worker.

In reading order: config, prompt (what is sent), examples (which labelled texts go along), reading
(what came back), exchange (HTTP, retries), memory (what was paid), worker.
"""
