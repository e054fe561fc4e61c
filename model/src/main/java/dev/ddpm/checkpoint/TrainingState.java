package dev.ddpm.checkpoint;

import java.io.Serializable;

/**
 * Where training stands: what a resumed run needs besides weights and moments.
 *
 * @param step optimiser steps taken
 * @param round averaging rounds completed
 * @param epoch number of the current epoch, from 0
 * @param position rows of the current epoch that are used up
 * @param seed seed of the run, of which all random numbers are functions
 */
public record TrainingState(long step, long round, long epoch, long position, long seed)
    implements Serializable {}
