"""The nonlinear parameters: which tastes differ, with chance and with demographics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.blp.buyers import Buyers
from undercut.sell.pricing.demand.model import FloatArray


@dataclass(frozen=True, slots=True)
class Tastes:
    """Utility differs by characteristics @ (sigma @ nodes + pi @ demographics).

    sigma: (K2, K2) lower triangular, a root of the tastes' covariance. pi: (K2, D).
    A 0 in the starting values stays 0; every other entry is estimated.
    """

    sigma: FloatArray
    pi: FloatArray

    def __post_init__(self) -> None:
        if self.sigma.ndim != 2 or self.sigma.shape[0] != self.sigma.shape[1]:
            raise InputError(f"sigma must be square, got shape {self.sigma.shape}")
        if np.triu(self.sigma, 1).any():
            raise InputError("sigma must be lower triangular: a root of the tastes' covariance")
        if self.pi.ndim != 2 or self.pi.shape[0] != self.sigma.shape[0]:
            raise InputError(f"pi must have {self.sigma.shape[0]} rows, got {self.pi.shape}")


@dataclass(frozen=True, slots=True)
class Free:
    """The entries that are estimated, as one vector: those of sigma by row, then those of pi."""

    sigma: NDArray[np.int64]
    pi: NDArray[np.int64]
    shape: tuple[int, int]

    @classmethod
    def of(cls, start: Tastes) -> Free:
        """Entries of the starting values that are not 0; InputError where there are none."""
        free = cls(np.argwhere(start.sigma != 0.0), np.argwhere(start.pi != 0.0), start.pi.shape)
        if free.count == 0:
            raise InputError(
                "no taste differs: all starting values are 0",
                hint="a start other than 0 for each parameter to estimate; plain_logit otherwise",
            )
        return free

    @property
    def count(self) -> int:
        """P."""
        return len(self.sigma) + len(self.pi)

    def vector(self, tastes: Tastes) -> FloatArray:
        """(P,) the free entries."""
        return np.concatenate([tastes.sigma[tuple(self.sigma.T)], tastes.pi[tuple(self.pi.T)]])

    def tastes(self, values: FloatArray) -> Tastes:
        """The matrices with the free entries set."""
        sigma = np.zeros((self.shape[0], self.shape[0]))
        pi = np.zeros(self.shape)
        sigma[tuple(self.sigma.T)] = values[: len(self.sigma)]
        pi[tuple(self.pi.T)] = values[len(self.sigma) :]
        return Tastes(sigma, pi)

    def names(self, buyers: Buyers) -> tuple[str, ...]:
        """Readable names: 'sigma prices', 'pi prices x income'."""
        sigma = [
            f"sigma {buyers.names[row]}" + ("" if row == column else f" x {buyers.names[column]}")
            for row, column in self.sigma
        ]
        pi = [
            f"pi {buyers.names[row]} x {buyers.demographic_names[column]}"
            for row, column in self.pi
        ]
        return (*sigma, *pi)

    def factors(self, buyers: Buyers) -> tuple[NDArray[np.int64], FloatArray]:
        """(P,) the characteristic and (T, P, I) the taste that each parameter multiplies."""
        characteristic = np.concatenate([self.sigma[:, 0], self.pi[:, 0]]).astype(np.int64)
        nodes = buyers.nodes[:, self.sigma[:, 1], :]
        demographics = buyers.demographics[:, self.pi[:, 1], :]
        return characteristic, np.concatenate([nodes, demographics], axis=1)
