package dev.ddpm.backend.cpu;

import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.cpu.winograd.TileTransforms;

/** What the Vector API code does for an engine. */
public interface CpuKernels extends Kernels {

  /** A group normalisation, as {@link dev.ddpm.backend.Engine#groupNorm} says. */
  GroupNormOp groupNorm(GroupNorm shape, Weight gamma, Weight beta, Dropout dropout);

  /** The transforms of tiles that Winograd's algorithm needs. */
  TileTransforms tileTransforms();

  /** Its part of the line for the start-up report. */
  String describe();
}
