/* SPDX-License-Identifier: GPL-2.0 */
const char *visitors_text(unsigned int visitor);
