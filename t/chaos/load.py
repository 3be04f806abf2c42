"""Requests from many threads while something happens."""
import collections
import threading

import requests


class Load:
    """`with Load(work, threads) as load:` calls work() over and over; a status code (or the exception's name) of each is kept. At the end all
    threads have ended."""

    def __init__(self, work, threads=8):
        self.work, self.count = work, threads
        self.results, self.samples = collections.Counter(), {}
        self.lock, self.done = threading.Lock(), threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(self.count)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in self.threads), "a request never ended"

    def run(self):
        while not self.done.is_set():
            try:
                answer = self.work()
                result, sample = answer.status_code, answer.text[:300]
            except (requests.RequestException, AssertionError) as problem:
                result, sample = type(problem).__name__, str(problem)[:300]
            with self.lock:
                self.results[result] += 1
                self.samples.setdefault(result, sample)

    def wait(self, count, result=200):
        """Until so many more requests have ended with the result."""
        with self.lock:
            goal = self.results[result] + count
        for _ in range(6000):
            if self.results[result] >= goal:
                return
            self.done.wait(0.02)
        raise AssertionError(f"no {count} x {result}: {dict(self.results)} {self.samples}")
